"""Active speakers: turn loudness per participant into the changes worth announcing."""

from collections.abc import Mapping

from moothall.livekit.responses import Speaker

# A change of level smaller than this is not worth a message to everybody.
_STEP = 1 / 8


class Speakers:
    def __init__(self) -> None:
        self._levels: dict[str, float] = {}

    def current(self) -> tuple[Speaker, ...]:
        return tuple(Speaker(sid, level, active=True) for sid, level in self._levels.items())

    def measured(self, levels: Mapping[str, float]) -> tuple[Speaker, ...]:
        """Return speakers that began, changed noticeably or stopped, from the current loudness."""
        changes = []
        for sid in [sid for sid in self._levels if sid not in levels]:
            del self._levels[sid]
            changes.append(Speaker(sid, 0.0, active=False))
        for sid, level in levels.items():
            stepped = max(_STEP, round(level / _STEP) * _STEP)
            if self._levels.get(sid) != stepped:
                self._levels[sid] = stepped
                changes.append(Speaker(sid, stepped, active=True))
        return tuple(changes)

    def forget(self, sid: str) -> None:
        self._levels.pop(sid, None)
