"""Connection quality as one number, from what the SFU measures.

A shortened E-model (ITU-T G.107): R starts at 93.2 and loses points to delay and to loss. It is
meant to rank connections, not to predict a listening test. Never answers LOST: a client that reads
LOST about itself for ten seconds rejoins from scratch.
"""

import math

from moothall.livekit.model import ConnectionQuality

_PERFECT = 93.2
_DELAY_KNEE_MS = 177.3
_EXCELLENT = 80.0
_GOOD = 60.0


def rate_connection(*, loss: float, rtt_ms: float, jitter_ms: float) -> tuple[ConnectionQuality, float]:
    """Quality and mean opinion score (1 … 4.5). ``loss`` is a fraction, times are milliseconds."""
    delay = rtt_ms / 2 + 2 * jitter_ms + 20
    delay_impairment = 0.024 * delay + 0.11 * max(0.0, delay - _DELAY_KNEE_MS)
    loss_impairment = 30 * math.log1p(15 * min(max(loss, 0.0), 1.0))
    rating = min(max(_PERFECT - delay_impairment - loss_impairment, 0.0), 100.0)
    opinion = 1 + 0.035 * rating + 7e-6 * rating * (rating - 60) * (100 - rating)
    if rating >= _EXCELLENT:
        return ConnectionQuality.EXCELLENT, opinion
    return (ConnectionQuality.GOOD if rating >= _GOOD else ConnectionQuality.POOR), opinion
