"""The retry schedule of callbacks.

Pure: the outcome of an attempt and the time go in, the next step comes out.

The intervals are those of Standard Webhooks 1.0 with one more at the start: the last attempt is
75.6 hours after the first, plus up to 10 % jitter, which keeps callbacks that failed together from
being retried together.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus

_STEPS = (
    timedelta(seconds=5),
    timedelta(seconds=30),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
TRIES = len(_STEPS) + 1
_SPREAD = 0.1
# A receiver may ask for a pause up to the longest interval of the schedule.
_LONGEST_PAUSE = _STEPS[-1]
_ASKS_FOR_PAUSE = {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}

# A failing callback holds back the later ones of its room for this long.
HOLDS_ROOM_FOR = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Answered:
    """The receiver answered with this status.

    ``retry_after`` is the text of the header, ``excerpt`` the start of the body.
    """

    status: int
    retry_after: str | None = None
    excerpt: str = ""


@dataclass(frozen=True, slots=True)
class Unanswered:
    """No answer.

    ``reason`` is for the delivery log, which the application reads; ``detail`` is for the
    operator's log and may contain facts that the application must not learn. With ``is_hidden``,
    even the duration is withheld.
    """

    reason: str
    detail: str | None = None
    is_hidden: bool = False


Outcome = Answered | Unanswered


@dataclass(frozen=True, slots=True)
class Delivered:
    """A 2xx: done."""


@dataclass(frozen=True, slots=True)
class Stopped:
    """410 Gone: the receiver wants no more callbacks."""


@dataclass(frozen=True, slots=True)
class TryAgain:
    at: datetime


@dataclass(frozen=True, slots=True)
class GaveUp:
    """The last attempt of the schedule failed."""


Verdict = Delivered | Stopped | TryAgain | GaveUp


def judge(outcome: Outcome, *, attempts: int, now: datetime, spread: float) -> Verdict:
    """Return the next step after attempt number ``attempts`` (from 1), which ended at ``now``.

    ``spread`` is a random number from 0 to 1, for the jitter. A redirect is a failure: following it
    would bypass the address guard.
    """
    if isinstance(outcome, Answered):
        if HTTPStatus.OK <= outcome.status < HTTPStatus.MULTIPLE_CHOICES:
            return Delivered()
        if outcome.status == HTTPStatus.GONE:
            return Stopped()
    if attempts >= TRIES:
        return GaveUp()
    step = _STEPS[attempts - 1]
    delay = step * (1 + _SPREAD * spread)
    if isinstance(outcome, Answered) and outcome.status in _ASKS_FOR_PAUSE:
        delay = max(delay, min(parse_retry_after(outcome.retry_after, now), _LONGEST_PAUSE))
    return TryAgain(now + delay)


def parse_retry_after(text: str | None, now: datetime) -> timedelta:
    """Return the pause in a Retry-After header (RFC 9110 section 10.2.3), zero if unusable."""
    if text is None:
        return timedelta()
    text = text.strip()
    # Ten digits of seconds are 300 years; a timedelta cannot hold much more.
    if text.isascii() and text.isdigit() and len(text) <= 10:  # noqa: PLR2004
        return timedelta(seconds=int(text))
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, IndexError):
        return timedelta()
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(moment - now, timedelta())
