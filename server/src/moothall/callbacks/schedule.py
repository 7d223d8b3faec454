"""When a failed callback is tried again, and when that ends. Pure: what came back and the time go in, a verdict comes out.

The steps are those of Standard Webhooks 1.0 with one more early on: the last try is 75.6 hours after the first, and up to a tenth later
with the spread that keeps callbacks which failed together from coming back together.
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
# A receiver may ask for a pause, but not for a longer one than the schedule itself ever makes.
_LONGEST_PAUSE = _STEPS[-1]
_ASKS_FOR_PAUSE = {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}

# How long a failing callback holds back the later ones of its room.
HOLDS_ROOM_FOR = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Answered:
    """The receiver answered with this status; ``retry_after`` is the header's text, ``excerpt`` how its body begins."""

    status: int
    retry_after: str | None = None
    excerpt: str = ""


@dataclass(frozen=True, slots=True)
class Unanswered:
    """No answer: ``reason`` says why, in words fit for the delivery log."""

    reason: str


Outcome = Answered | Unanswered


@dataclass(frozen=True, slots=True)
class Delivered:
    """A 2xx: done."""


@dataclass(frozen=True, slots=True)
class Stopped:
    """410 Gone: the receiver wants no more."""


@dataclass(frozen=True, slots=True)
class TryAgain:
    at: datetime


@dataclass(frozen=True, slots=True)
class GaveUp:
    """The last try of the schedule failed."""


Verdict = Delivered | Stopped | TryAgain | GaveUp


def judge(outcome: Outcome, *, attempts: int, now: datetime, spread: float) -> Verdict:
    """What follows from the outcome of try number ``attempts`` (1 is the first) that ended at ``now``.

    ``spread`` is a random number from 0 to 1. A redirect is a failure like any other: following it would leave the guarded address.
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
    """The pause that a Retry-After header asks for (RFC 9110 section 10.2.3): seconds or a date. Zero when it says nothing usable."""
    if text is None:
        return timedelta()
    text = text.strip()
    # Ten digits are 300 years; more could not be kept in a timedelta.
    if text.isascii() and text.isdigit() and len(text) <= 10:  # noqa: PLR2004
        return timedelta(seconds=int(text))
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, IndexError):
        return timedelta()
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(moment - now, timedelta())
