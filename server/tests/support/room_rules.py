"""Invariants of a room, whatever its clients send.

What one participant does concerns nobody else; nobody hears of what is hidden; all of it can be
written; what is kept has bounds.
"""

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from livekit.protocol import models as pb_models
from livekit.protocol import rtc as pb

from moothall import engine
from moothall.livekit import limits
from moothall.livekit.codec import encode_data, encode_response
from moothall.livekit.model import ParticipantState, attributes_fit
from moothall.livekit.requests import MuteTrack
from moothall.livekit.responses import (
    ConnectionQualityUpdate,
    Join,
    Leave,
    ParticipantUpdate,
    Reconnect,
    Response,
    RoomUpdate,
    SpeakersChanged,
    StreamStateUpdate,
    SubscriptionPermissionUpdate,
    TrackUnpublished,
)
from moothall.signalling import commands
from moothall.signalling.commands import Command
from moothall.signalling.events import ClientConnected, Event
from moothall.signalling.relay import Relay
from moothall.signalling.room import Room
from moothall.signalling.room.participant import Participant, Track
from support.playbook import Stage

# Messages that several participants may get in identical form; all others are for one participant.
_SHARED = ParticipantUpdate | SpeakersChanged | ConnectionQualityUpdate | RoomUpdate
# The largest data channel message that the SFU accepts, in bytes.
_LARGEST_PACKET = 256 * 1024
_RELAY = Relay(("turns:relay.example:443?transport=tcp",), "the secret that only the relay knows", timedelta(hours=1))


@dataclass(frozen=True, slots=True)
class _Standing:
    """The state of a participant that only itself and the server may change."""

    attached: bool
    facts: tuple[object, ...]
    tracks: frozenset[str]

    @classmethod
    def of(cls, one: Participant) -> "_Standing":
        facts = (one.identity, one.name, one.metadata, dict(one.attributes), one.permission, one.audience, one.state)
        return cls(one.session.attached, facts, frozenset([*one.pending, *one.published]))


class WatchedStage(Stage):
    """A stage whose room is held to the rules after every event."""

    def __init__(self) -> None:
        super().__init__(relay=_RELAY)

    def happens(self, event: Event) -> list[Command]:
        before = {sid: _Standing.of(one) for sid, one in self.room.participants.items()}
        owners = {track_sid: one.sid for track_sid, (one, _) in self.room.tracks.items()}
        done = super().happens(event)
        actor = "" if isinstance(event, ClientConnected) else getattr(event, "sid", "")
        if actor:
            owners |= {track_sid: one.sid for track_sid, (one, _) in self.room.tracks.items()}
            identity = before[actor].facts[0] if actor in before else None
            for command in done:
                assert _concerns(command, actor, identity, owners), f"{command} because of {actor}"
            for sid in before.keys() - {actor}:
                assert _Standing.of(self.room.participants[sid]) == before[sid], f"{sid} suffers from {actor}"
        for command in done:
            _can_be_carried_out(command)
            if isinstance(command, commands.SendData):
                sender = self.room.participants.get(command.sender_sid)
                assert sender is None or not sender.permission.hidden, f"{command.sender_sid} is hidden"
            if isinstance(command, commands.Send):
                for sid in command.to:
                    self._may_hear(sid, command.response)
                assert isinstance(command.response, _SHARED) or len(command.to) == 1, f"not for everybody: {command}"
        is_bounded(self.room)
        return done

    def _may_hear(self, sid: str, response: Response) -> None:
        for named, has_left in _named(response):
            other = self.room.participants.get(named)
            assert named == sid or other is None or other.visible or has_left, f"{named} is hidden from {sid}"
        if isinstance(response, Join | Reconnect):
            assert all(server.username.endswith(f":{sid}") for server in response.ice_servers), "another's credential"


def _concerns(command: Command, actor: str, identity: object, owners: Mapping[str, str]) -> bool:  # noqa: PLR0911 - one flat table
    """Return whether ``actor`` may cause this.

    It concerns itself or the receivers of its tracks.
    """
    match command:
        case commands.Send(to, Leave() | MuteTrack() | TrackUnpublished()):
            return to == (actor,)
        case commands.Send() | commands.SendData() | commands.CreateOffer():
            # The messages and offers to the others are checked by themselves.
            return True
        case commands.SubscribeTrack() | commands.UnsubscribeTrack() | commands.ConfigureSubscription():
            return actor in (command.sid, owners[command.track_sid])
        case commands.UnpublishTrack(track_sid) | commands.SetTrackMuted(track_sid) | commands.PublishBackup(track_sid):
            return owners[track_sid] == actor
        case commands.RememberProtocol(remembered):
            return bool(remembered == identity)
        case commands.Report(engine.RoomStarted() | engine.RoomFinished()):
            return True
        case commands.Report(event):
            return bool(event.identity == identity)
        case _:
            return command.sid == actor


def _named(response: Response) -> Iterator[tuple[str, bool]]:  # noqa: C901 - one flat table
    """The sids of the participants that this names, and whether it says that they left."""
    match response:
        case Join():
            for one in response.other_participants:
                yield one.sid, False
        case ParticipantUpdate(participants):
            for one in participants:
                yield one.sid, one.state is ParticipantState.DISCONNECTED
        case SpeakersChanged(speakers):
            for speaker in speakers:
                yield speaker.sid, not speaker.active
        case ConnectionQualityUpdate(reports):
            for report in reports:
                yield report.participant_sid, False
        case StreamStateUpdate(streams):
            for stream in streams:
                yield stream.participant_sid, False
        case SubscriptionPermissionUpdate(participant_sid):
            yield participant_sid, False


def _can_be_carried_out(command: Command) -> None:
    """Check the preconditions of the engine for this command."""
    match command:
        case commands.Send(_, response):
            written = encode_response(response)
            assert isinstance(written, bytes)
            assert pb.SignalResponse.FromString(written).WhichOneof("message")
            assert _RELAY.secret.encode() not in written
        case commands.SendData(_, reliable, identity, sid, message):
            payload = encode_data(message, reliable=reliable, identity=identity, sid=sid)
            packet = pb_models.DataPacket.FromString(payload)
            assert len(payload) <= _LARGEST_PACKET
            assert (packet.participant_identity, packet.participant_sid) == (identity, sid)
            assert not packet.destination_identities
            if packet.WhichOneof("value") == "user":
                assert (packet.user.participant_identity, packet.user.participant_sid) == (identity, sid)
                assert not packet.user.destination_identities
                assert not packet.user.destination_sids
        case _:
            for text in texts(command):
                # The SFU and the database want UTF-8, which has no lone surrogates; protobuf
                # refuses them by itself.
                text.encode()


def texts(value: Any) -> Iterator[str]:
    """Every string in it, however deep."""
    if isinstance(value, str):
        yield value
    elif dataclasses.is_dataclass(value):
        for one in dataclasses.fields(value):
            yield from texts(getattr(value, one.name))
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from texts(key)
            yield from texts(inner)
    elif isinstance(value, list | tuple | set | frozenset):
        for inner in value:
            yield from texts(inner)


def is_bounded(room: Room) -> None:
    """Nothing is kept of what is gone, and no more of anything than ``limits`` allows."""
    tracks: dict[str, Track] = {}
    for one in room.participants.values():
        tracks |= one.pending | one.published
        _is_bounded(one)
    assert room.tracks.keys() == tracks.keys()
    for one in room.participants.values():
        others = tracks.keys() - one.pending.keys() - one.published.keys()
        assert one.choices.keys() <= tracks.keys()
        assert {*one.subscribed, *one.paused, *one.released, *one.denied} <= others
        assert not {sid for sid in one.subscribed if not room.tracks[sid][0].visible}
    for _, track in room.tracks.values():
        assert track.on_backup <= {one.sid for one in room.participants.values() if track.sid in one.subscribed}
    assert len(room._data._streams) <= limits.MAX_OPEN_STREAMS * len(room.participants)
    assert room._dynacast._reconsidered.keys() <= tracks.keys()
    assert {speaker.sid for speaker in room._measurements._speakers.current()} <= room.participants.keys()
    assert len(room._data._recent._packets) <= limits.MAX_RECENT_PACKETS
    assert room._data._recent._bytes <= limits.MAX_RECENT_BYTES


def _is_bounded(one: Participant) -> None:
    assert len(one.pending) + len(one.published) <= limits.MAX_TRACKS
    assert len(one.choices) <= limits.MAX_TRACK_CHOICES
    assert len(one.audience.track_permissions) <= limits.MAX_TRACK_PERMISSIONS
    assert all(
        len(permission.track_sids) <= limits.MAX_TRACK_SIDS_PER_REQUEST for permission in one.audience.track_permissions
    )
    assert len(one.name.encode()) <= limits.MAX_NAME_BYTES
    assert len(one.metadata.encode()) <= limits.MAX_METADATA_BYTES
    assert attributes_fit(one.attributes, {})
    assert all(0 <= number <= limits.MAX_CANDIDATES for number in one.session._candidates.values())
    backups = [track.backup.mid for track in one.published.values() if track.backup is not None and track.backup.mid]
    assert len({*(track.mid for track in one.published.values()), *backups}) == len(one.published) + len(backups)
    for track in (*one.pending.values(), *one.published.values()):
        request = track.request
        assert len(request.layers) <= limits.MAX_LAYERS
        assert max(track.width, track.height) <= limits.MAX_DIMENSION
        assert all(
            len(text.encode()) <= limits.MAX_SHORT_STRING_BYTES
            for text in (request.cid, request.name, request.stream, request.codec)
        )
