"""The SFU's log in the server's log."""

from typing import Any, cast

from structlog.testing import capture_logs
from support.fake_sfu import FakeSfu

from moothall.engines.embedded.handles import Handles
from moothall.engines.embedded.live_room import LiveRoom
from moothall.engines.embedded.sfu import Sfu
from moothall.engines.embedded.sfu_log import SfuLog
from moothall_sfu.messages import LogRecord


class _Named:
    name = "standup"


class _Live:
    room = _Named()


def test_handles_become_names_and_what_was_left_out_is_told() -> None:
    sfu, handles = FakeSfu(), Handles()
    live = cast("LiveRoom", _Live())
    handles.rooms[64], handles.peers[128] = live, (live, "PA_1")
    sfu.logs = [
        LogRecord("warning", "a description was refused", {"room": 64, "peer": 128, "error": "too large"}, left_out=3),
        LogRecord("info", "a transport failed", {"room": 64, "peer": 9}),
    ]

    with capture_logs() as lines:
        SfuLog(cast("Sfu", sfu), handles).forward()

    told: list[dict[str, Any]] = [dict(line) for line in lines]
    assert told == [
        {
            "event": "a description was refused",
            "log_level": "warning",
            "room": "standup",
            "peer": "PA_1",
            "error": "too large",
            "left_out": 3,
        },
        {"event": "a transport failed", "log_level": "info", "room": "standup", "peer": 9},
    ]
    sfu.close()
