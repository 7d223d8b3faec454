"""The SFU's log, written into the server's log with the names of rooms and participants."""

import structlog

from moothall.engines.embedded.handles import Handles
from moothall.engines.embedded.sfu import Sfu

_log = structlog.get_logger("moothall.sfu")


class SfuLog:
    def __init__(self, sfu: Sfu, handles: Handles) -> None:
        self._sfu = sfu
        self._handles = handles

    def forward(self) -> None:
        """Write down what was logged since the last call."""
        records, dropped = self._sfu.take_logs()
        for record in records:
            fields = self._named(record.fields)
            if record.left_out:
                fields["left_out"] = record.left_out
            getattr(_log, record.level)(record.message, **fields)
        if dropped:
            _log.warning("sfu_records_dropped", count=dropped)

    def _named(self, fields: dict[str, int | str]) -> dict[str, int | str]:
        """Handles become names; one that is gone keeps its number."""
        named = dict(fields)
        room, peer = fields.get("room"), fields.get("peer")
        if isinstance(peer, int):
            live, sid = self._handles.find_peer(peer)
            if live is not None:
                named |= {"peer": sid, "room": live.room.name}
                return named
        if isinstance(room, int) and room in self._handles.rooms:
            named["room"] = self._handles.rooms[room].room.name
        return named
