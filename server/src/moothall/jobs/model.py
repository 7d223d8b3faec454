"""A job, and when a failed one runs again."""

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

_FIRST_RETRY = timedelta(seconds=1)
_LONGEST_RETRY = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Job:
    """One job.

    ``attempts`` counts the run under way; ``version`` tells the store whether the job was changed
    meanwhile.

    ``progress`` is what a long job has reported last, from 0 to 1; None when it has not reported
    anything.
    """

    id: int
    kind: str
    key: str
    run_at: datetime
    attempts: int
    version: int
    payload: dict[str, Any] = field(default_factory=dict)
    progress: float | None = None


def retry_delay(attempts: int, chance: random.Random) -> timedelta:
    """Return the backoff after failed run number ``attempts``.

    It is 1 s, doubling up to 5 minutes, shortened by a random part of up to half.

    The spread keeps jobs that failed together (a database restart) from coming back together.
    """
    # 2**9 s is already longer than the longest wait; the cap keeps the power small for a job that
    # fails for years.
    whole: timedelta = min(_FIRST_RETRY * 2 ** min(attempts - 1, 9), _LONGEST_RETRY)
    return whole * chance.uniform(0.5, 1.0)
