"""A strict, unreliable receiver.

It sometimes refuses callbacks, and checks their order per room.
"""

import random
import threading
import time
from collections import Counter
from typing import Any

_REFUSED, _SLOW = 0.05, 0.05
_SLOW_S = 1.0


class OrderedAnswers:
    """Decides the answers of a receiver.

    One callback in twenty is answered 500 the first time, one in twenty late.

    Order: a room's callback may come when all earlier ones have been taken, or once more when it is
    the last one taken (its answer was lost with the process that waited for it).
    """

    def __init__(self, seed: int) -> None:
        self._lock = threading.Lock()
        self._chance = random.Random(seed)  # noqa: S311 - which callbacks go wrong
        self._taken: dict[str, int] = {}
        self._tries: Counter[tuple[str, int]] = Counter()
        self.is_calm = False
        self.out_of_order: list[dict[str, Any]] = []
        self.refused = 0
        self.late = 0

    @property
    def repeated(self) -> int:
        """Return the number of repeated callbacks."""
        return self._tries.total() - len(self._tries)

    def answer(self, event: dict[str, Any]) -> int:
        room, sequence = event["room_id"], event["sequence"]
        with self._lock:
            taken = self._taken.get(room, 0)
            if sequence not in (taken, taken + 1):
                self.out_of_order.append({**event, "taken_before": taken})
            is_first = self._tries[room, sequence] == 0
            self._tries[room, sequence] += 1
            fate = self._chance.random() if is_first and not self.is_calm else 1.0
            if fate < _REFUSED:
                self.refused += 1
                return 500
            is_late = fate < _REFUSED + _SLOW
            self.late += is_late
        if is_late:
            time.sleep(_SLOW_S)
        with self._lock:
            self._taken[room] = max(self._taken.get(room, 0), sequence)
        return 200
