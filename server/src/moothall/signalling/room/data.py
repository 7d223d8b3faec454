"""Data packets on their way from one participant, or the server, to the others."""

from moothall.engine import ParticipantKind
from moothall.livekit import limits
from moothall.livekit.model import DataMessage
from moothall.signalling import commands
from moothall.signalling.commands import Command
from moothall.signalling.events import Moment
from moothall.signalling.recent import RecentPacket, RecentPackets
from moothall.signalling.room.participant import Participant
from moothall.signalling.room.roster import Roster
from moothall.signalling.streams import OpenStreams


class DataRelay:
    def __init__(self, roster: Roster) -> None:
        self._roster = roster
        self._recent = RecentPackets()
        self._streams = OpenStreams()

    def receive(self, one: Participant, message: DataMessage, now: Moment, *, reliable: bool) -> list[Command]:
        """A packet of this participant, relayed if it may say that."""
        if not message.relayed or not one.active or not one.permission.can_publish_data:
            return []
        if message.size > limits.MAX_DATA_BYTES or len(message.destination_identities) > limits.MAX_DATA_DESTINATIONS:
            return []
        if not one.packets.take(now.seconds) or not one.bytes.take(now.seconds, message.size):
            return []
        if reliable and message.sequence:
            # A resumed client sends again what it is not sure of.
            if message.sequence <= one.last_sequence:
                return []
            one.last_sequence = message.sequence
        author = self._find_author(one, message)
        return [] if author is None else self._relay(one, author, message, now, reliable=reliable)

    def broadcast(self, message: DataMessage, now: Moment, *, reliable: bool) -> list[Command]:
        """A packet of the server itself."""
        return self._relay(None, "", message, now, reliable=reliable)

    def _find_author(self, sender: Participant, message: DataMessage) -> str | None:
        """The identity that receivers are told. None: the packet is not for this sender to send."""
        author = sender.identity
        if message.is_caption:
            if sender.kind is not ParticipantKind.AGENT:
                return None
            # An agent shows what somebody else said as that person's words.
            speaker = self._roster.find_participant(message.claimed_identity)
            author = speaker.identity if speaker is not None and speaker.visible else author
        if not message.stream_part:
            return author
        if message.stream_part == "header":
            return author if self._streams.open(message.stream_id, sender.sid, author) else None
        known = self._streams.find_author(message.stream_id, sender.sid)
        if message.stream_part == "trailer":
            self._streams.close(message.stream_id, sender.sid)
        return known

    def _relay(
        self, sender: Participant | None, author: str, message: DataMessage, now: Moment, *, reliable: bool
    ) -> list[Command]:
        everybody = self._roster.participants.values()
        others = [one for one in everybody if one is not sender and message.is_for(one.identity, one.sid)]
        known = sender is not None and not sender.permission.hidden
        identity, sid = (author, sender.sid) if sender is not None and known else ("", "")
        if reliable and any(not one.active for one in others):
            self._recent.add(RecentPacket(now.seconds, identity, sid, message))
        to = tuple(one.sid for one in others if one.active)
        return [commands.SendData(to, reliable, identity, sid, message)] if to else []

    def repeat_recent(self, one: Participant, now: Moment) -> list[Command]:
        """Packets that were sent while this participant was on its way in."""
        return [
            commands.SendData((one.sid,), True, packet.identity, packet.sid, packet.message)
            for packet in self._recent.since(one.connected_at, now.seconds)
            if packet.sid != one.sid and packet.message.is_for(one.identity, one.sid)
        ]

    def forget_sender(self, sid: str) -> None:
        """The participant is gone."""
        self._streams.forget(sid)

    def forget_author(self, sid: str) -> None:
        """The packets of this participant are repeated without its name."""
        self._recent.unname(sid)
