"""A clock that stands still until a test moves it."""

from datetime import UTC, datetime, timedelta

START = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


class FakeClock:
    def __init__(self, start: datetime = START) -> None:
        self._start = start
        self._passed = timedelta()

    def now(self) -> datetime:
        return self._start + self._passed

    def monotonic(self) -> float:
        return 1000.0 + self._passed.total_seconds()

    def advance(self, **amount: float) -> None:
        """Takes what timedelta takes: ``advance(minutes=10)``."""
        self._passed += timedelta(**amount)
