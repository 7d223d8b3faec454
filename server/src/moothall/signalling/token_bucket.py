"""A rate limit that needs no clock of its own."""


class TokenBucket:
    """Allows ``rate`` units a second on average and ``burst`` at once; time is given with each question."""

    def __init__(self, *, rate: float, burst: float) -> None:
        self._rate = rate
        self._burst = burst
        self._level = burst
        self._asked_at: float | None = None

    def take(self, amount: float, now: float) -> bool:
        """Whether ``amount`` units may pass at ``now`` (seconds, monotonic); they are spent when they may."""
        if self._asked_at is not None:
            self._level = min(self._burst, self._level + (now - self._asked_at) * self._rate)
        self._asked_at = now
        if amount > self._level:
            return False
        self._level -= amount
        return True

    def give_back(self, amount: float) -> None:
        """What was taken turned out to cost less."""
        self._level = min(self._burst, self._level + amount)
