"""A job, and when a failed one runs again."""

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

_FIRST_RETRY = timedelta(seconds=1)
_LONGEST_RETRY = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Job:
    """One claimed job. ``attempts`` counts this run; ``version`` tells the store whether somebody changed the job meanwhile."""

    id: int
    kind: str
    key: str
    run_at: datetime
    attempts: int
    version: int
    payload: dict[str, Any] = field(default_factory=dict)


def retry_delay(attempts: int, chance: random.Random) -> timedelta:
    """How long to wait after the failed run number ``attempts``: 1 s doubling to 5 minutes, each between half and the whole of it.

    The spread keeps jobs that failed together (a database restart) from coming back together.
    """
    # 2**9 s is already longer than the longest wait; the cap keeps the power small for a job that fails for years.
    whole: timedelta = min(_FIRST_RETRY * 2 ** min(attempts - 1, 9), _LONGEST_RETRY)
    return whole * chance.uniform(0.5, 1.0)
