"""Coming and going.

A participant is *joined* from its first message, *active* once its primary transport is up, and
gone after a leave, a removal or a loss that no resume repaired in time. Others see it while it is
active and not hidden; that is also when the rest of the server hears of it. A connection that
replaces an earlier one of the same identity takes its place silently: the old one is closed at
once, but it is reported as left only after the new one was reported as joined, so that nobody sees
the person leave.
"""

from datetime import datetime

from moothall import engine
from moothall.engine import LeaveReason
from moothall.livekit import limits
from moothall.livekit.model import CandidateProtocol, DisconnectReason, LeaveAction, ParticipantState, Report
from moothall.livekit.requests import SyncState, UpdateTrackSettings
from moothall.livekit.responses import IceServer, Join, ParticipantUpdate, Reconnect, RoomUpdate
from moothall.signalling import commands
from moothall.signalling.commands import Command
from moothall.signalling.events import ClientConnected, Moment
from moothall.signalling.relay import Relay
from moothall.signalling.room.data import DataRelay
from moothall.signalling.room.measurements import Measurements
from moothall.signalling.room.participant import Participant
from moothall.signalling.room.publications import Publications
from moothall.signalling.room.roster import Roster, tell
from moothall.signalling.room.subscriptions import Subscriptions

_REPORTED_REASONS = {
    DisconnectReason.CLIENT_INITIATED: LeaveReason.CLIENT_INITIATED,
    DisconnectReason.DUPLICATE_IDENTITY: LeaveReason.DUPLICATE_IDENTITY,
    DisconnectReason.SERVER_SHUTDOWN: LeaveReason.SERVER_SHUTDOWN,
    DisconnectReason.PARTICIPANT_REMOVED: LeaveReason.PARTICIPANT_REMOVED,
    DisconnectReason.ROOM_DELETED: LeaveReason.ROOM_DELETED,
}
# Seconds a resumed participant may take to get its transports back: livekit-client itself gives up
# after 15 s.
_RESUME_TOLERANCE = 15.0


class Membership:
    """``relay``: a TURN server clients are told of."""

    def __init__(
        self,
        roster: Roster,
        subscriptions: Subscriptions,
        publications: Publications,
        measurements: Measurements,
        data: DataRelay,
        *,
        sif_trailer: bytes,
        relay: Relay | None,
    ) -> None:
        self._roster = roster
        self._subscriptions = subscriptions
        self._publications = publications
        self._measurements = measurements
        self._data = data
        self._sif_trailer = sif_trailer
        self._relay = relay
        self._started = False

    # ---- Coming ----------------------------------------------------------------------------------

    def connect(self, event: ClientConnected, now: Moment) -> list[Command]:
        one = Participant.connecting(event, now=now.seconds, joined_at_ms=now.milliseconds)
        done: list[Command] = []
        earlier = self._roster.find_participant(event.identity)
        if earlier is not None:
            one.candidate_protocol, earlier.candidate_protocol = earlier.candidate_protocol, CandidateProtocol.UDP
            one.replaces = earlier if earlier.reported else earlier.replaces
            done += self.remove(earlier, DisconnectReason.DUPLICATE_IDENTITY, now, report=False)
        self._roster.participants[one.sid] = one
        one.token_sent_at = now.seconds
        others = tuple(other.info() for other in self._roster.others(one) if other.visible)
        tcp_only = one.candidate_protocol is CandidateProtocol.TCP
        done.append(commands.AddPeer(one.sid, one.session.is_single, tcp_only=tcp_only))
        if one.video_limit is not None:
            done.append(commands.LimitVideo(one.sid, one.video_limit))
        join = Join(
            room=self._roster.info(),
            participant=one.info(),
            other_participants=others,
            sif_trailer=self._sif_trailer,
            ice_servers=self._ice_servers(one, now),
            subscriber_primary=one.session.primary == "subscriber",
            force_relay=self._forces_relay(one),
        )
        done += one.session.open(join)
        done.append(commands.SendToken(one.sid))
        done += self._subscriptions.settle_all(one, now)
        return done + one.session.begin()

    def activate(self, one: Participant, now: Moment) -> list[Command]:
        """The primary transport is up: others see the participant."""
        one.state = ParticipantState.ACTIVE
        done = self._roster.broadcast(one)
        if not self._started:
            self._started = True
            done.append(Report(engine.RoomStarted(self._roster.name, now.at)))
        one.reported = True
        name = self._roster.name
        joined = engine.ParticipantJoined(
            name, one.identity, one.sid, one.name, dict(one.attributes), one.kind, at=now.at
        )
        done.append(Report(joined, one.info()))
        done += self._report_left(one.replaces, DisconnectReason.DUPLICATE_IDENTITY, now)
        one.replaces = None
        done += self._publications.announce_all(one, now)
        done += self._data.repeat_recent(one, now)
        return done + self._measurements.introduce(one)

    def resume(self, one: Participant, token_expires_at: datetime | None, now: Moment) -> list[Command]:
        one.token_expires_at = token_expires_at
        one.detached_at = None
        one.going_away = False
        one.token_sent_at = now.seconds
        if one.transport_lost_at is not None:
            one.transport_lost_at = now.seconds + _RESUME_TOLERANCE - limits.TRANSPORT_LOSS_TOLERANCE
            one.resumed_while_lost = True
        loses, one.loses_resume = one.loses_resume, ""
        if loses == "before":
            return [commands.CloseSocket(one.sid, 1011), *self.detach(one, now)]
        seen = tuple(other.info() for other in self._roster.others(one) if other.visible)
        update = ParticipantUpdate((one.info(), *seen))
        reconnect = Reconnect(one.last_sequence, self._ice_servers(one, now), self._forces_relay(one))
        done = one.session.resume(reconnect, update, RoomUpdate(self._roster.info()))
        done += [*self._subscriptions.repeat_streams(one), commands.SendToken(one.sid)]
        if loses == "after":
            done += [commands.CloseSocket(one.sid, 1011), *self.detach(one, now)]
        return done

    def synchronise(self, one: Participant, request: SyncState, now: Moment) -> list[Command]:
        """A resumed client says what it believes.

        With a track we do not know it has to start over.
        """
        if any(one.track(track_sid) is None for track_sid in request.published_sids):
            return self.remove(one, DisconnectReason.STATE_MISMATCH, now, action=LeaveAction.RECONNECT)
        done: list[Command] = []
        if request.disabled_sids:
            disabled = UpdateTrackSettings(request.disabled_sids, disabled=True)
            done += self._subscriptions.update_settings(one, disabled, now)
        if request.subscription is not None:
            done += self._subscriptions.update(one, request.subscription, now)
        return done

    def _ice_servers(self, one: Participant, now: Moment) -> tuple[IceServer, ...]:
        if self._relay is None:
            return ()
        return self._relay.servers(one.sid, now.at, until=one.token_expires_at, over_tls=self._forces_relay(one))

    def _forces_relay(self, one: Participant) -> bool:
        return self._relay is not None and one.candidate_protocol is CandidateProtocol.TLS

    # ---- Going -----------------------------------------------------------------------------------

    def detach(self, one: Participant, now: Moment, *, going_away: bool = False) -> list[Command]:
        one.session.detach()
        one.going_away = going_away
        if one.detached_at is None:
            one.detached_at = now.seconds
        return []

    def misbehave(self, one: Participant, close_code: int, now: Moment) -> list[Command]:
        farewell = one.session.end_socket(DisconnectReason.STATE_MISMATCH, LeaveAction.DISCONNECT, code=close_code)
        return farewell + self.remove(one, DisconnectReason.STATE_MISMATCH, now)

    def leave(self, one: Participant, now: Moment) -> list[Command]:
        """The client goes on purpose."""
        return self.vanish(one, DisconnectReason.CLIENT_INITIATED, now, close_code=1000)

    def vanish(self, one: Participant, reason: DisconnectReason, now: Moment, *, close_code: int) -> list[Command]:
        """Remove without a farewell."""
        one.session.detach()
        return [commands.CloseSocket(one.sid, close_code), *self.remove(one, reason, now)]

    def remove_named(self, identity: str, reason: DisconnectReason, now: Moment) -> list[Command]:
        one = self._roster.find_participant(identity)
        return [] if one is None else self.remove(one, reason, now)

    def remove_all(self, reason: DisconnectReason, action: LeaveAction, now: Moment) -> list[Command]:
        done: list[Command] = []
        # Farewells first: what follows would tell everybody about everybody.
        for one in self._roster.participants.values():
            done += one.session.leave(reason, action)
        for one in list(self._roster.participants.values()):
            done += self.remove(one, reason, now)
        return done

    def remove(
        self,
        one: Participant,
        reason: DisconnectReason,
        now: Moment,
        *,
        action: LeaveAction = LeaveAction.DISCONNECT,
        report: bool = True,
    ) -> list[Command]:
        was_visible = one.visible
        done = one.session.leave(reason, action)
        del self._roster.participants[one.sid]
        self._measurements.forget(one.sid)
        self._data.forget_sender(one.sid)
        done += self._publications.withdraw_all(one, now)
        done.append(commands.RemovePeer(one.sid))
        if one.candidate_protocol is not CandidateProtocol.UDP:
            # livekit-client says that it leaves before it comes back.
            done.append(commands.RememberProtocol(one.identity, one.candidate_protocol))
        self._subscriptions.drop_subscriber(one, now)
        if was_visible:
            one.state = ParticipantState.DISCONNECTED
            one.version += 1
            update = ParticipantUpdate((one.describe(reason=reason),))
            done += tell(self._roster.participants.values(), update)
        if not one.reported:
            aborted = engine.ParticipantAborted(self._roster.name, one.identity, one.sid, now.at, one.kind)
            done.append(Report(aborted, one.describe(reason=reason)))
        if report:
            done += self._report_left(one if one.reported else one.replaces, reason, now)
        return done

    def finish(self, now: Moment) -> list[Command]:
        """Report the end of the session, if everybody has left."""
        if not self._started or self._roster.participants:
            return []
        self._started = False
        return [Report(engine.RoomFinished(self._roster.name, now.at))]

    def _report_left(self, one: Participant | None, reason: DisconnectReason, now: Moment) -> list[Command]:
        if one is None:
            return []
        why = _REPORTED_REASONS.get(reason, LeaveReason.CONNECTION_LOST)
        left = engine.ParticipantLeft(self._roster.name, one.identity, one.sid, why, now.at, one.kind)
        return [Report(left, one.describe(reason=reason))]
