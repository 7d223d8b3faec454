"""A LiveKit room: who is in it, who publishes what, who receives what.

Theory of operation. ``handle`` takes one event and the moment it happened and returns the commands
that follow, in order. Nothing here waits, reads a clock or makes a random number. This module only
decides which part an event concerns; each part has its own file:

room > scenarios, liveness, administration > membership > publications > subscriptions > dynacast,
data, measurements > roster

Rule of order: a receiver of a track hears of its publisher first. A participant update is always
sent before the offer that follows from it, because offers come from the SFU and take at least one
more event.
"""

from collections.abc import Callable, Mapping

from moothall.livekit import limits
from moothall.livekit.model import DisconnectReason, LeaveAction, RoomInfo
from moothall.livekit.requests import (
    AddTrack,
    Answer,
    LeaveRequested,
    MuteTrack,
    Offer,
    Ping,
    Request,
    Simulate,
    SubscriptionPermission,
    SyncState,
    Trickle,
    Unsupported,
    UpdateAudioTrack,
    UpdateMetadata,
    UpdateSubscription,
    UpdateTrackSettings,
    UpdateVideoTrack,
)
from moothall.livekit.server_requests import (
    BroadcastRequested,
    MuteRequested,
    PublishingLimited,
    SettingsRequested,
    SharesReplaced,
    SubscriptionRequested,
    UpdateRequested,
)
from moothall.signalling import commands
from moothall.signalling.commands import Command
from moothall.signalling.events import (
    AnswerAccepted,
    ClientConnected,
    ClientDetached,
    ClientMisbehaved,
    ClientResumed,
    DataReceived,
    DeletionRequested,
    Event,
    LevelsMeasured,
    Moment,
    NegotiationFailed,
    NegotiationNeeded,
    OfferAccepted,
    OfferCreated,
    OfferNotNeeded,
    PeerCrashed,
    RemovalRequested,
    RequestReceived,
    RoomFailed,
    SectionsRequired,
    ServerStopping,
    StatsMeasured,
    StreamCodecChanged,
    StreamStateChanged,
    TimePassed,
    TrackWentLive,
    TransportChanged,
)
from moothall.signalling.relay import Relay
from moothall.signalling.room.administration import Administration
from moothall.signalling.room.data import DataRelay
from moothall.signalling.room.dynacast import Dynacast
from moothall.signalling.room.liveness import Liveness
from moothall.signalling.room.measurements import Measurements
from moothall.signalling.room.membership import Membership
from moothall.signalling.room.participant import Participant
from moothall.signalling.room.publications import Publications
from moothall.signalling.room.roster import RoomSettings, Roster
from moothall.signalling.room.scenarios import Scenarios
from moothall.signalling.room.subscriptions import Subscriptions
from moothall.signalling.room.track import Track


class Room:
    """``fresh_id(prefix)`` gives unguessable ids such as ``TR_AMx7…``.

    ``sif_trailer`` is random and belongs to the room.

    ``relay``: a TURN server clients are told of. ``has_tcp``: the SFU can be reached over TCP.
    """

    def __init__(
        self,
        *,
        name: str,
        sid: str,
        created_at_ms: int,
        sif_trailer: bytes,
        fresh_id: Callable[[str], str],
        relay: Relay | None = None,
        has_tcp: bool = True,
    ) -> None:
        self.name = name
        self._roster = roster = Roster(name=name, sid=sid, created_at_ms=created_at_ms)
        self._dynacast = Dynacast(roster)
        self._data = DataRelay(roster)
        self._measurements = Measurements(roster)
        self._subscriptions = Subscriptions(roster, self._dynacast)
        self._publications = Publications(roster, self._dynacast, self._subscriptions, fresh_id)
        self._membership = Membership(
            roster,
            self._subscriptions,
            self._publications,
            self._measurements,
            self._data,
            sif_trailer=sif_trailer,
            relay=relay,
        )
        self._liveness = Liveness(self._membership)
        self._administration = Administration(
            roster, self._subscriptions, self._publications, self._measurements, self._data
        )
        self._scenarios = Scenarios(self._membership, has_tcp=has_tcp, has_relay=relay is not None)

    @property
    def participants(self) -> Mapping[str, Participant]:
        """By sid."""
        return self._roster.participants

    @property
    def tracks(self) -> Mapping[str, tuple[Participant, Track]]:
        """By sid, with their publishers."""
        return self._roster.tracks

    @property
    def settings(self) -> RoomSettings:
        return self._roster.settings

    def find_participant(self, identity: str) -> Participant | None:
        return self._roster.find_participant(identity)

    def sharers(self, now: Moment) -> frozenset[str]:
        """The identities of those who share a screen, or for whom a place for one is kept."""
        return self._publications.sharers(now)

    def info(self) -> RoomInfo:
        return self._roster.info()

    def reset_settings(self) -> None:
        """Forget the settings of the server API."""
        self._roster.settings = RoomSettings()

    def abandon(self) -> None:
        """Forget everybody without a word, when the room's state cannot be trusted any more."""
        self._roster.participants.clear()

    def handle(self, event: Event, now: Moment) -> list[Command]:
        return [*self._dispatch(event, now), *self._membership.finish(now)]

    def _dispatch(self, event: Event, now: Moment) -> list[Command]:  # noqa: C901, PLR0911, PLR0912 - one flat decision
        match event:
            case ClientConnected():
                return self._membership.connect(event, now)
            case TimePassed():
                return self._pass_time(now)
            case LevelsMeasured(levels):
                return self._measurements.measure_levels(levels)
            case TrackWentLive(track_sid, mime_type):
                return self._publications.go_live(track_sid, mime_type, now)
            case RemovalRequested(identity):
                return self._membership.remove_named(identity, DisconnectReason.PARTICIPANT_REMOVED, now)
            case DeletionRequested():
                return self._membership.remove_all(DisconnectReason.ROOM_DELETED, LeaveAction.DISCONNECT, now)
            case ServerStopping():
                return self._membership.remove_all(DisconnectReason.SERVER_SHUTDOWN, LeaveAction.RECONNECT, now)
            case RoomFailed():
                return self._membership.remove_all(DisconnectReason.STATE_MISMATCH, LeaveAction.RECONNECT, now)
            case MuteRequested(identity, track_sid):
                return self._publications.mute_by_server(identity, track_sid, now)
            case UpdateRequested():
                return self._administration.update_by_server(event, now)
            case PublishingLimited():
                return self._administration.limit_publishing(event, now)
            case SharesReplaced(identity):
                return self._publications.replace_screens(identity, now)
            case SubscriptionRequested(identity, wanted):
                named = self.find_participant(identity)
                return [] if named is None else self._subscriptions.update(named, wanted, now)
            case SettingsRequested():
                return self._administration.change_settings(event)
            case BroadcastRequested(reliable, message):
                return self._data.broadcast(message, now, reliable=reliable)
        # The remaining events concern one participant, who may have left by now.
        one = self._roster.participants.get(event.sid)
        if one is None:
            return []
        match event:
            case RequestReceived(_, request):
                return self._request(one, request, now)
            case ClientResumed(_, token_expires_at):
                return self._membership.resume(one, token_expires_at, now)
            case ClientDetached(_, going_away):
                return self._membership.detach(one, now, going_away=going_away)
            case ClientMisbehaved(_, close_code):
                return self._membership.misbehave(one, close_code, now)
            case OfferAccepted():
                return self._publications.accept_offer(one, event, now)
            case SectionsRequired(_, audios, videos):
                return one.session.sections_required(audios, videos)
            case OfferCreated(_, sdp, tracks):
                return one.session.offer_created(sdp, tracks)
            case OfferNotNeeded():
                return one.session.offer_not_needed() + self._subscriptions.settle_released(one, now)
            case AnswerAccepted():
                tracks, done = one.session.answer_accepted()
                done += self._subscriptions.tell_received(tracks)
                return done + self._subscriptions.settle_released(one, now)
            case NegotiationFailed():
                return self._membership.remove(one, DisconnectReason.STATE_MISMATCH, now, action=LeaveAction.RECONNECT)
            case NegotiationNeeded():
                one.session.change_noticed()
                return []
            case TransportChanged():
                return self._liveness.transport_changed(one, event, now)
            case StatsMeasured():
                return self._measurements.measure_quality(one, event)
            case StreamStateChanged(_, track_sid, active):
                return self._subscriptions.change_stream(one, track_sid, active=active)
            case StreamCodecChanged(_, track_sid, mime_type):
                return self._subscriptions.change_codec(one, track_sid, mime_type, now)
            case DataReceived(_, reliable, message):
                return self._data.receive(one, message, now, reliable=reliable)
            case PeerCrashed():
                return self._membership.remove(one, DisconnectReason.MEDIA_FAILURE, now, action=LeaveAction.RECONNECT)

    def _request(self, one: Participant, request: Request, now: Moment) -> list[Command]:  # noqa: C901, PLR0911, PLR0912 - one flat decision
        session = one.session
        match request:
            case Ping():
                return session.answer_ping(request, now.milliseconds)
            case Offer():
                return session.offer_received(request)
            case Answer():
                return session.answer_received(request)
            case Trickle():
                return session.candidate_received(request)
            case AddTrack():
                return self._publications.add_track(one, request, now)
            case MuteTrack(sid, muted):
                return self._publications.mute(one, sid, now, muted=muted)
            case UpdateSubscription():
                return self._subscriptions.update(one, request, now)
            case UpdateTrackSettings():
                return self._subscriptions.update_settings(one, request, now)
            case LeaveRequested():
                return self._membership.leave(one, now)
            case UpdateMetadata():
                return self._administration.update_metadata(one, request)
            case SubscriptionPermission():
                return self._subscriptions.change_audience(one, request, now)
            case SyncState():
                return self._membership.synchronise(one, request, now)
            case UpdateAudioTrack(track_sid, features):
                return self._publications.change_track(one, track_sid, audio_features=features)
            case UpdateVideoTrack(track_sid, width, height):
                return self._publications.change_track(one, track_sid, width=width, height=height)
            case Simulate():
                return self._scenarios.simulate(one, request, now)
            case Unsupported():
                return []

    def _pass_time(self, now: Moment) -> list[Command]:
        done: list[Command] = []
        for one in list(self._roster.participants.values()):
            done += self._liveness.check(one, now)
            if one.session.closed or not one.session.attached:
                continue
            done += one.session.flush()
            done += self._subscriptions.remind_of_paused(one, now)
            if now.seconds - one.token_sent_at >= limits.TOKEN_REFRESH_INTERVAL:
                one.token_sent_at = now.seconds
                done.append(commands.SendToken(one.sid))
        return done + self._dynacast.lower_qualities(now)
