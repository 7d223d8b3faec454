"""The fuzz target for rooms.

Participants send anything, decoded from their bytes as the endpoint does it, while anything happens
to them.
"""

import functools
import pickle

from livekit.protocol import models as pb_models
from livekit.protocol import rtc as pb
from support.chaos import PEOPLE, Chaos

from fuzz.choices import Choices
from moothall.livekit.codec import MalformedMessage, decode_data, decode_request
from moothall.livekit.model import Permission
from moothall.livekit.server_requests import UpdateRequested
from moothall.signalling.commands import AcceptOffer
from moothall.signalling.events import (
    ClientMisbehaved,
    DataReceived,
    OfferAccepted,
    Section,
    ServerStopping,
    StatsMeasured,
)

_UNREADABLE = 1007
_MOST_ACTS = 120
# The first byte of an act names it: what is new comes last, so that old inputs keep their meaning.
ACTS = (
    "message",
    "frame",
    "connect",
    "go_active",
    "add_track",
    "sections",
    "go_live",
    "data",
    "offer",
    "offer_created",
    "answer",
    "offer_not_needed",
    "resume",
    "detach",
    "misbehave",
    "negotiation_fails",
    "notice_change",
    "transport",
    "mute",
    "subscribe",
    "settings",
    "audience",
    "sync",
    "simulate",
    "leave",
    "crash",
    "measure",
    "stats",
    "change_stream",
    "kick",
    "mute_by_server",
    "permit",
    "permit_anything",
    "pass_time",
    "stop",
    "require_sections",
    "add_backup",
    "change_codec",
    "replace_shares",
)


def meet(data: bytes) -> None:
    choices = Choices(data)
    chaos: FuzzedChaos = pickle.loads(_beginning())  # noqa: S301 - written below
    chaos.choices = choices
    for _ in range(_MOST_ACTS):
        if not choices.more:
            break
        chaos.act(choices.pick(ACTS), choices.byte(), choices.byte(), choices.byte())
    chaos.end()


@functools.cache
def _beginning() -> bytes:
    """Three people have met; to copy them takes less time than to let them meet again."""
    chaos = FuzzedChaos()
    chaos.begin()
    chaos.stage.log.clear()
    chaos.carried_out = 0
    return pickle.dumps(chaos)


class FuzzedChaos(Chaos):
    """Chaos with people who choose their own words."""

    choices = Choices(b"")

    def act(self, name: str, a: int, b: int, c: int) -> None:
        self.choices.words = [
            *self.stage.room.tracks,
            *self.stage.room.participants,
            *PEOPLE,
            "cid1",
            "camera0",
            "vp8",
        ]
        super().act(name, a, b, c)

    def do_message(self, sid: str, _track: str, c: int) -> None:
        """A request made field by field."""
        message = pb.SignalRequest()
        field = pb.SignalRequest.DESCRIPTOR.fields[c % len(pb.SignalRequest.DESCRIPTOR.fields)]
        if field.message_type is not None:
            getattr(message, field.name).SetInParent()
            self.choices.message(getattr(message, field.name))
        else:
            setattr(message, field.name, self.choices.number(8, signed=True))
        self._hears(sid, message.SerializeToString())

    def do_frame(self, sid: str, _track: str, c: int) -> None:
        frame = self.choices.piece(512)
        self._hears(sid, frame if c % 2 else frame.decode(errors="ignore"))

    def _hears(self, sid: str, frame: bytes | str) -> None:
        try:
            request = decode_request(frame)
        except MalformedMessage:
            if sid in self.ledger.sockets:
                self.stage.happens(ClientMisbehaved(sid, _UNREADABLE))
        else:
            self._says(sid, request)

    def do_data(self, sid: str, _track: str, c: int) -> None:
        packet = pb_models.DataPacket()
        if c % 3 == 0:
            packet.user.payload = b"x" * (self.choices.byte() * 300)
            packet.sequence = self.choices.byte()
        else:
            self.choices.message(packet)
        payload = self.choices.piece(256) if c % 8 == 1 else packet.SerializeToString()
        try:
            message = decode_data(payload)
        except MalformedMessage:
            return
        # The engine drops events of the SFU about a removed peer.
        if sid in self.ledger.peers:
            self.stage.happens(DataReceived(sid, c % 2 == 0, message))

    def do_sections(self, sid: str, _track: str, c: int) -> None:
        """The SFU accepts what was offered last."""
        asked = [one for one in self.stage.log if isinstance(one, AcceptOffer) and one.sid == sid]
        sections = {
            mid: Section(
                mid, self.choices.pick(("audio", "video")), self.choices.byte() % 4 != 0, c % 4, self.choices.text()
            )
            for mid in (self.choices.pick(("0", "1", "2", "3", "m4", "~")) for _ in range(c % 8))
        }
        if asked:
            self.stage.happens(OfferAccepted(sid, asked[-1].offer_id, "answer", tuple(sections.values())))

    def do_stats(self, sid: str, _track: str, c: int) -> None:
        self.stage.happens(StatsMeasured(sid, c / 255, c * 4.0, c / 2))

    def do_permit_anything(self, _sid: str, _track: str, c: int) -> None:
        bits = [bool(c & 1 << bit) for bit in range(5)]
        permission = Permission(bits[0], bits[1], bits[2], (), can_update_metadata=bits[3], hidden=bits[4])
        name = self.choices.text()[:64] if c >= 128 else None
        self.stage.happens(UpdateRequested(PEOPLE[c % 3], name, permission=permission))

    def do_stop(self, _sid: str, _track: str, c: int) -> None:
        if c == 1:
            self.stage.happens(ServerStopping())
