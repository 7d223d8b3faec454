"""People who have been let in and are not inside yet. Pure: the time is an argument, in monotonic seconds.

Between the answer of the gate and the moment the engine counts a participant as inside, others ask, too; without this list a room could be
filled beyond its limit.
"""

# Connecting takes a second or two; who needs longer asks again.
_ON_THE_WAY_S = 30.0
# With so many rooms those are looked through for people who never came.
_MANY_ROOMS = 1000


class Admissions:
    def __init__(self) -> None:
        self._until: dict[str, dict[str, float]] = {}

    def note(self, room: str, identity: str, now: float) -> None:
        if len(self._until) >= _MANY_ROOMS:
            for other in list(self._until):
                self.on_the_way(other, now)
        self._until.setdefault(room, {})[identity] = now + _ON_THE_WAY_S

    def forget(self, room: str, identity: str) -> None:
        """The participant is inside, or will not come."""
        waiting = self._until.get(room, {})
        waiting.pop(identity, None)
        if not waiting:
            self._until.pop(room, None)

    def on_the_way(self, room: str, now: float) -> set[str]:
        """Never more than a room's limit, since only the gate notes people."""
        for identity in [identity for identity, until in self._until.get(room, {}).items() if until <= now]:
            self.forget(room, identity)
        return set(self._until.get(room, {}))
