"""The SFU's events, read as events of rooms. Events that concern no room any more are dropped."""

from typing import assert_never

import structlog

from moothall.engines.embedded.handles import Handles, Question
from moothall.engines.embedded.live_room import LiveRoom
from moothall.engines.embedded.rooms import LiveRooms
from moothall.engines.embedded.sfu import messages
from moothall.livekit import codec
from moothall.livekit.codec import MalformedMessage
from moothall.livekit.model import Target
from moothall.signalling import commands
from moothall.signalling.events import (
    AnswerAccepted,
    DataReceived,
    Event,
    LevelsMeasured,
    NegotiationFailed,
    NegotiationNeeded,
    OfferAccepted,
    OfferCreated,
    OfferNotNeeded,
    PeerCrashed,
    Section,
    SectionsRequired,
    StatsMeasured,
    StreamCodecChanged,
    StreamStateChanged,
    TrackWentLive,
    TransportChanged,
)

_log = structlog.get_logger("moothall.signalling")

_ABOUT_CLIENTS_OFFER = commands.AcceptOffer | commands.RequireSections

_OfPeer = (
    messages.TransportChanged
    | messages.NegotiationNeeded
    | messages.ChannelOpened
    | messages.DataReceived
    | messages.StatsMeasured
    | messages.StreamStateChanged
    | messages.StreamCodecChanged
    | messages.PeerCrashed
)
_Value = messages.Answer | messages.Offer | messages.SectionsRequired | None


class SfuEvents:
    def __init__(self, handles: Handles, rooms: LiveRooms) -> None:
        self._handles = handles
        self._rooms = rooms

    def handle(self, event: messages.Event) -> None:
        match event:
            case messages.Replied():
                self._handle_reply(event)
            case messages.TrackLive(track, _, mime):
                live, track_sid = self._handles.find_track(track)
                if live is not None:
                    self._rooms.handle(live, TrackWentLive(track_sid, mime))
            case messages.LevelsMeasured(room, levels):
                of_room = self._handles.rooms.get(room)
                if of_room is not None:
                    self._rooms.handle(of_room, self._levels(levels))
            case _:
                live, sid = self._handles.find_peer(event.peer)
                if live is not None:
                    self._handle_peer(live, sid, event)

    def _handle_peer(self, live: LiveRoom, sid: str, event: _OfPeer) -> None:  # noqa: C901 - one flat table
        match event:
            case messages.TransportChanged(_, target, state):
                self._rooms.handle(live, TransportChanged(sid, target, state))
            case messages.NegotiationNeeded():
                self._rooms.handle(live, NegotiationNeeded(sid))
            case messages.DataReceived(_, reliable, payload):
                self._handle_data(live, sid, reliable=reliable, payload=payload)
            case messages.StatsMeasured(_, loss, rtt_ms, jitter_ms):
                self._rooms.handle(live, StatsMeasured(sid, loss, rtt_ms, jitter_ms))
            case messages.StreamStateChanged(_, track, active):
                of_room, track_sid = self._handles.find_track(track)
                if of_room is live:
                    self._rooms.handle(live, StreamStateChanged(sid, track_sid, active))
            case messages.StreamCodecChanged(_, track, mime):
                of_room, track_sid = self._handles.find_track(track)
                if of_room is live:
                    self._rooms.handle(live, StreamCodecChanged(sid, track_sid, mime))
            case messages.PeerCrashed(_, text):
                _log.error("transport_crashed", room=live.room.name, sid=sid, text=text)
                self._rooms.handle(live, PeerCrashed(sid))
            case messages.ChannelOpened():
                pass
            case _:
                assert_never(event)

    def _handle_reply(self, reply: messages.Replied) -> None:
        asked = self._handles.asked.pop(reply.request, None)
        if asked is None:
            return
        live, command = asked.live, asked.command
        if self._handles.rooms.get(live.handle) is not live:
            return
        if reply.error is not None:
            target: Target = "publisher" if isinstance(command, _ABOUT_CLIENTS_OFFER) else "subscriber"
            _log.warning("description_refused", room=live.room.name, sid=command.sid, target=target, error=reply.error)
            self._rooms.handle(live, NegotiationFailed(command.sid, target, reply.error))
            return
        self._rooms.handle(live, self._negotiated(command, reply.value))

    def _negotiated(self, command: Question, value: _Value) -> Event:
        match command, value:
            case commands.AcceptOffer(sid, offer_id, _), messages.Answer(sdp, sections, tracks, needs_offer):
                known = tuple(_section(one) for one in sections)
                return OfferAccepted(sid, offer_id, sdp, known, self._handles.track_sids(tracks), needs_offer)
            case commands.AcceptAnswer(sid, _), None:
                return AnswerAccepted(sid)
            case commands.CreateOffer(sid, _), messages.Offer(sdp, tracks):
                return OfferCreated(sid, sdp, self._handles.track_sids(tracks))
            case commands.RequireSections(sid), messages.SectionsRequired(audio, video):
                return SectionsRequired(sid, audio, video)
            case commands.CreateOffer(sid, _) | commands.RequireSections(sid), None:
                return OfferNotNeeded(sid)
        raise AssertionError((command, value))

    def _handle_data(self, live: LiveRoom, sid: str, *, reliable: bool, payload: bytes) -> None:
        try:
            message = codec.decode_data(payload)
        except MalformedMessage:
            # One lost packet is the sender's own loss; its socket says nothing about it.
            return
        self._rooms.handle(live, DataReceived(sid, reliable, message))

    def _levels(self, levels: list[tuple[int, float]]) -> LevelsMeasured:
        known = ((self._handles.tracks.get(track), level) for track, level in levels)
        return LevelsMeasured(tuple((owner[1], level) for owner, level in known if owner is not None))


def _section(section: messages.Section) -> Section:
    return Section(section.mid, section.kind, section.direction.startswith("send"), len(section.rids), section.track_id)
