"""Participants have a kind, which everybody hears of and the rest of the server is told."""

from support.playbook import Stage

from moothall import engine
from moothall.engine import ParticipantKind
from moothall.livekit.requests import LeaveRequested
from moothall.livekit.responses import ParticipantUpdate


def test_kind_is_told_to_everybody_and_reported() -> None:
    stage = Stage()
    alice = stage.joins("alice")
    bot = stage.joins("bot", kind=ParticipantKind.AGENT, kind_details=(0,))
    updates = [one for one in stage.sent_to(alice) if isinstance(one, ParticipantUpdate)]
    stage.says(bot, LeaveRequested())

    told = {(one.kind, one.kind_details) for update in updates for one in update.participants if one.sid == bot}
    assert told == {(ParticipantKind.AGENT, (0,))}
    about_bot = [event for event in stage.reports() if getattr(event, "sid", "") == bot]
    assert [type(event) for event in about_bot] == [engine.ParticipantJoined, engine.ParticipantLeft]
    assert {event.kind for event in about_bot} == {ParticipantKind.AGENT}  # type: ignore[union-attr]


def test_aborted_connection_has_its_kind() -> None:
    stage = Stage()
    caller = stage.connects("caller", kind=ParticipantKind.SIP)
    stage.says(caller, LeaveRequested())

    (aborted,) = stage.reports()
    assert isinstance(aborted, engine.ParticipantAborted)
    assert aborted.kind is ParticipantKind.SIP


def test_recorders_are_not_counted_among_the_participants() -> None:
    stage = Stage()
    stage.joins("alice")
    stage.joins("recorder", kind=ParticipantKind.EGRESS)

    assert stage.room.info().num_participants == 1
