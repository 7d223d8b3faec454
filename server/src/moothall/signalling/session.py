"""One participant's conversation: what may be said when.

Theory of operation. A session outlives sockets. It is *attached* while a socket carries it,
*detached* between the loss of one socket and a resume on the next, and *closed* for good after a
leave. What is sent to a detached session is lost on purpose: a resume begins with the whole state,
so nothing needs to be kept.

Rules of the conversation:

* The first message on a fresh socket is ``join``; on a resumed one it is ``reconnect``, because
  clients drop whatever precedes it.
* The subscriber transport is negotiated by us, one offer at a time:

    IDLE ──negotiate──▶ CREATING ──offer_created──▶ OFFERED ──answer──▶ APPLYING
         ──answer_accepted──▶ IDLE

  A wish to negotiate in any state but IDLE is remembered and acted upon when IDLE is reached again,
  so that any number of wishes costs one more offer. An offer that may have been lost with its
  socket is sent again, under a new number, before anything else is negotiated: the SFU keeps it
  open until its answer arrives.
* The publisher transport is negotiated by the client; offers are answered in the order they came,
  each with its own number.
* A client with one connection (``SingleSession``) offers it; where we would offer, we ask it for an
  offer.
* Candidates are passed on in both directions of the protocol's eyes, but only so many for one set
  of ICE credentials.

The session returns commands and keeps no reference to anything that acts.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto

from moothall.livekit import limits
from moothall.livekit.model import DisconnectReason, LeaveAction, Target
from moothall.livekit.requests import Answer, Offer, Ping, Trickle
from moothall.livekit.responses import (
    Join,
    Leave,
    ParticipantUpdate,
    Pong,
    Reconnect,
    Response,
    RoomUpdate,
    SectionsRequirement,
)
from moothall.signalling import commands
from moothall.signalling.commands import Command


class Negotiation(Enum):
    """Where the subscriber transport's offer is."""

    IDLE = auto()
    CREATING = auto()
    OFFERED = auto()
    APPLYING = auto()


@dataclass(frozen=True, slots=True)
class _OpenOffer:
    sdp: str
    tracks: Mapping[str, str]


class Session:
    """The negotiation with a client that has two connections."""

    is_single = False
    # The connection that makes a participant active.
    primary: Target = "subscriber"

    def __init__(self, sid: str) -> None:
        self.sid = sid
        self.attached = False
        self.closed = False
        self.negotiation = Negotiation.IDLE
        self._wants_offer = False
        self._wants_ice_restart = False
        # Offers asked of the SFU, and how many of these are done with.
        self.offers_asked = 0
        self.offers_done = 0
        self._offer_id = 0
        self._open_offer: _OpenOffer | None = None
        self._candidates: dict[Target, int] = {"publisher": 0, "subscriber": 0}

    # ---- The socket ------------------------------------------------------------------------------

    def open(self, join: Join) -> list[Command]:
        self.attached = True
        return self.send(join)

    def begin(self) -> list[Command]:
        """After ``open``: the data channels want an offer even when there is nothing to receive."""
        return self.negotiate()

    def resume(self, reconnect: Reconnect, update: ParticipantUpdate, room: RoomUpdate) -> list[Command]:
        """A new socket carries the session from now on: whole state first, then an ICE restart."""
        self.attached = True
        self._candidates = {"publisher": 0, "subscriber": 0}
        return [*self.send(reconnect), *self.send(update), *self.send(room), *self._resume_negotiation()]

    def _resume_negotiation(self) -> list[Command]:
        again: list[Command] = []
        if self._open_offer is not None and self.negotiation is Negotiation.OFFERED:
            again = self._send_open_offer()
        return again + self.negotiate(restart_ice=True)

    def detach(self) -> None:
        self.attached = False

    def send(self, response: Response) -> list[Command]:
        return [commands.Send((self.sid,), response)] if self.attached and not self.closed else []

    def leave(self, reason: DisconnectReason, action: LeaveAction = LeaveAction.DISCONNECT) -> list[Command]:
        """The last word: nothing is said after it."""
        if self.closed:
            return []
        farewell = self.end_socket(reason, action)
        self.closed = True
        return farewell

    def end_socket(self, reason: DisconnectReason, action: LeaveAction, *, code: int = 1000) -> list[Command]:
        """Say ``leave`` and close this socket.

        Unless the action is final the session waits for a resume.
        """
        if not self.attached:
            return []
        farewell = [*self.send(Leave(reason, action)), commands.CloseSocket(self.sid, code)]
        self.attached = False
        return farewell

    def answer_ping(self, ping: Ping, now_ms: int) -> list[Command]:
        return self.send(Pong(ping.timestamp, now_ms, ping.legacy))

    # ---- The transport we offer: subscriber ------------------------------------------------------

    def negotiate(self, *, restart_ice: bool = False) -> list[Command]:
        """Offer what changed, now or as soon as the offer under way is done."""
        self._wants_offer = True
        self._wants_ice_restart |= restart_ice
        return self._offer_if_idle()

    def negotiate_later(self) -> None:
        """Something changed that nobody waits for: ``flush`` or the next offer carries it."""
        self._wants_offer = True

    def change_noticed(self) -> None:
        """The SFU says that sections changed.

        What it says before our offer is made, that offer already has in it.
        """
        if self.negotiation is not Negotiation.CREATING:
            self._wants_offer = True

    def flush(self) -> list[Command]:
        return self._offer_if_idle()

    def offer_created(self, sdp: str, tracks: Mapping[str, str]) -> list[Command]:
        self.negotiation = Negotiation.OFFERED
        self._open_offer = _OpenOffer(sdp, tracks)
        self._candidates["subscriber"] = 0
        return self._send_open_offer()

    def sections_required(self, _audios: int, _videos: int) -> list[Command]:
        """Only for clients with one connection."""
        return []

    def offer_not_needed(self) -> list[Command]:
        """Nothing had changed after all."""
        self.negotiation = Negotiation.IDLE
        self.offers_done = self.offers_asked
        return self._offer_if_idle()

    def answer_received(self, answer: Answer) -> list[Command]:
        """Ignore late answers to offers that have been sent again meanwhile."""
        if self.negotiation is not Negotiation.OFFERED or answer.id not in (0, self._offer_id):
            return []
        self.negotiation = Negotiation.APPLYING
        return [commands.AcceptAnswer(self.sid, answer.sdp)]

    def answer_accepted(self) -> tuple[Mapping[str, str], list[Command]]:
        """Set the tracks that the client receives (mid → track), and offer again if needed."""
        if self.negotiation is not Negotiation.APPLYING or self._open_offer is None:
            return {}, []
        tracks = self._open_offer.tracks
        self._open_offer = None
        self.negotiation = Negotiation.IDLE
        self.offers_done = self.offers_asked
        return tracks, self._offer_if_idle()

    def _offer_if_idle(self) -> list[Command]:
        if not self._wants_offer or self.closed or self.negotiation is not Negotiation.IDLE:
            return []
        self.negotiation = Negotiation.CREATING
        self.offers_asked += 1
        restart_ice = self._wants_ice_restart
        self._wants_offer = self._wants_ice_restart = False
        return [commands.CreateOffer(self.sid, restart_ice)]

    def _send_open_offer(self) -> list[Command]:
        assert self._open_offer is not None  # noqa: S101 - both callers have just set or checked it
        self._offer_id += 1
        return self.send(Offer(self._open_offer.sdp, self._offer_id, dict(self._open_offer.tracks)))

    # ---- The transport the client offers: publisher ----------------------------------------------

    def offer_received(self, offer: Offer) -> list[Command]:
        self._candidates["publisher"] = 0
        return [commands.AcceptOffer(self.sid, offer.id, offer.sdp)]

    def offer_accepted(
        self, offer_id: int, sdp: str, _tracks: Mapping[str, str], *, needs_offer: bool = False
    ) -> list[Command]:
        del needs_offer  # what we send has offers of its own
        return self.send(Answer(sdp, offer_id))

    def candidate_received(self, trickle: Trickle) -> list[Command]:
        if not trickle.candidate or self._candidates[trickle.target] >= limits.MAX_CANDIDATES:
            return []
        self._candidates[trickle.target] += 1
        return [commands.AddCandidate(self.sid, trickle.target, trickle.candidate)]


class SingleSession(Session):
    """The negotiation with a client that has one connection and makes the offers.

    The states are the same; where the other kind makes an offer and waits for its answer, this one
    finds out what the client has to add, says so and waits for its next offer:

    IDLE ──negotiate──▶ CREATING ──sections_required──▶ OFFERED ──offer, offer_accepted──▶ IDLE

    It begins with OFFERED, because the client's first offer is on its way. Whatever was wanted
    before an offer of the client came is served by its answer, or is named in it as still wanting
    another one.
    """

    is_single = True
    primary: Target = "publisher"

    def __init__(self, sid: str) -> None:
        super().__init__(sid)
        self.negotiation = Negotiation.OFFERED

    def begin(self) -> list[Command]:
        return []

    def _resume_negotiation(self) -> list[Command]:
        """The client restarts ICE with its own offer.

        That also replaces offers and answers lost with the socket.
        """
        return []

    def _offer_if_idle(self) -> list[Command]:
        if not self._wants_offer or self.closed or self.negotiation is not Negotiation.IDLE:
            return []
        self.negotiation = Negotiation.CREATING
        self._wants_offer = False
        return [commands.RequireSections(self.sid)]

    def sections_required(self, audios: int, videos: int) -> list[Command]:
        self.negotiation = Negotiation.OFFERED
        return self.send(SectionsRequirement(audios, videos))

    def offer_not_needed(self) -> list[Command]:
        self.negotiation = Negotiation.IDLE
        return self._offer_if_idle()

    def answer_received(self, _answer: Answer) -> list[Command]:
        return []

    def offer_received(self, offer: Offer) -> list[Command]:
        self.offers_asked += 1
        self._wants_offer = False
        return super().offer_received(offer)

    def offer_accepted(
        self, offer_id: int, sdp: str, tracks: Mapping[str, str], *, needs_offer: bool = False
    ) -> list[Command]:
        self.offers_done += 1
        if self.negotiation is Negotiation.OFFERED:
            self.negotiation = Negotiation.IDLE
        self._wants_offer |= needs_offer
        return [*self.send(Answer(sdp, offer_id, dict(tracks))), *self._offer_if_idle()]
