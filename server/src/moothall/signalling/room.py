"""A LiveKit room: who is in it, who publishes what, who receives what.

Theory of operation. ``handle`` takes one event and the moment it happened and returns what should be done, in order. Nothing here waits,
reads a clock or makes a random number.

A participant is *joined* from its first message, *active* once its subscriber transport is up, and gone after a leave, a removal or a
loss that no resume repaired in time. Others see it while it is active and not hidden; that is also when the rest of the server hears of
it. A connection that replaces an earlier one of the same identity takes its place silently: the old one is closed at once, but it is
reported as left only after the new one was reported as joined, so that nobody sees the person leave.

A track is *pending* after ``add_track``, *bound* when a media section of the publisher's offer carries it, and *announced* to the others
when its first packet arrived, or at once when it is muted and no packet can be expected. Who receives an announced track follows from
five facts: the subscriber may subscribe, it wants the track, the publisher admits it, the publisher is visible, and it is not its own.
``_settle`` compares them with what is, and is called whenever one of them may have changed.

Rule of order: whoever receives a track hears of its publisher first. A participant update is always sent before the offer that follows
from it, because offers come from the SFU and take at least one more event.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from moothall import engine
from moothall.engine import LeaveReason
from moothall.signalling import commands, limits
from moothall.signalling.commands import Command
from moothall.signalling.events import (
    AnswerAccepted,
    BroadcastRequested,
    ClientConnected,
    ClientDetached,
    ClientMisbehaved,
    ClientResumed,
    DataReceived,
    DeletionRequested,
    Event,
    LevelsMeasured,
    Moment,
    MuteRequested,
    NegotiationFailed,
    NegotiationNeeded,
    OfferAccepted,
    OfferCreated,
    OfferNotNeeded,
    PeerCrashed,
    RemovalRequested,
    RequestReceived,
    RoomFailed,
    Section,
    SectionsRequired,
    ServerStopping,
    SettingsRequested,
    StatsMeasured,
    StreamStateChanged,
    SubscriptionRequested,
    TimePassed,
    TrackWentLive,
    TransportChanged,
    UpdateRequested,
)
from moothall.signalling.messages import (
    AddTrack,
    Answer,
    CandidateProtocol,
    ConnectionQualityUpdate,
    DataMessage,
    DisconnectReason,
    IceServer,
    Join,
    LeaveAction,
    LeaveRequested,
    MuteTrack,
    Offer,
    ParticipantState,
    ParticipantUpdate,
    Permission,
    Ping,
    Reconnect,
    Request,
    RequestAnswered,
    RequestResult,
    Response,
    RoomInfo,
    RoomUpdate,
    Simulate,
    Speaker,
    SpeakersChanged,
    StreamState,
    StreamStateUpdate,
    SubscribedQualityUpdate,
    SubscriptionFailed,
    SubscriptionPermission,
    SubscriptionPermissionUpdate,
    SyncState,
    TrackPublished,
    TrackSource,
    TrackSubscribed,
    TrackUnpublished,
    Trickle,
    Unsupported,
    UpdateAudioTrack,
    UpdateMetadata,
    UpdateSubscription,
    UpdateTrackSettings,
    UpdateVideoTrack,
    VideoQuality,
)
from moothall.signalling.participant import Participant, Track
from moothall.signalling.quality import rate_connection
from moothall.signalling.recent import RecentPacket, RecentPackets
from moothall.signalling.relay import Relay
from moothall.signalling.sdp import forbid_redundancy, prefer_codecs
from moothall.signalling.speakers import Speakers

_REPORTED_REASONS = {
    DisconnectReason.CLIENT_INITIATED: LeaveReason.CLIENT_INITIATED,
    DisconnectReason.DUPLICATE_IDENTITY: LeaveReason.DUPLICATE_IDENTITY,
    DisconnectReason.SERVER_SHUTDOWN: LeaveReason.SERVER_SHUTDOWN,
    DisconnectReason.PARTICIPANT_REMOVED: LeaveReason.PARTICIPANT_REMOVED,
    DisconnectReason.ROOM_DELETED: LeaveReason.ROOM_DELETED,
}
_SOURCE_LETTERS = {
    TrackSource.MICROPHONE: "M",
    TrackSource.CAMERA: "C",
    TrackSource.SCREEN_SHARE: "S",
    TrackSource.SCREEN_SHARE_AUDIO: "s",
}
# How long a resumed participant may take to get its transports back: livekit-client itself gives up after 15 s.
_RESUME_TOLERANCE = 15.0
_UNKNOWN = DisconnectReason.UNKNOWN_REASON


@dataclass(frozen=True, slots=True)
class RoomSettings:
    """What the server API may say of a room. ``max_participants`` 0: no limit but the meeting's; timeouts are seconds."""

    metadata: str = ""
    max_participants: int = 0
    # How long the room is kept before somebody comes, and after the last has left.
    empty_timeout: int = 0
    departure_timeout: int = 0


class Room:
    """``fresh_id(prefix)`` gives unguessable ids such as ``TR_AMx7…``; ``sif_trailer`` is random and belongs to the room.

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
        self.sid = sid
        self.participants: dict[str, Participant] = {}
        self.settings = RoomSettings()
        self._created_at_ms = created_at_ms
        self._sif_trailer = sif_trailer
        self._fresh_id = fresh_id
        self._turn_server = relay
        self._has_tcp = has_tcp
        self._started = False
        self._tracks: dict[str, tuple[Participant, Track]] = {}
        self._speakers = Speakers()
        self._recent = RecentPackets()
        # Tracks of which less may be wanted, and since when.
        self._reconsidered: dict[str, float] = {}

    def handle(self, event: Event, now: Moment) -> list[Command]:
        done = self._dispatch(event, now)
        if self._started and not self.participants:
            self._started = False
            done.append(commands.Report(engine.RoomFinished(self.name, now.at)))
        return done

    def find_participant(self, identity: str) -> Participant | None:
        return next((one for one in self.participants.values() if one.identity == identity), None)

    def info(self) -> RoomInfo:
        return RoomInfo(
            sid=self.sid,
            name=self.name,
            num_participants=sum(1 for one in self.participants.values() if one.visible),
            num_publishers=len({one.sid for one, track in self._tracks.values() if track.announced and one.visible}),
            created_at_ms=self._created_at_ms,
            metadata=self.settings.metadata,
            max_participants=self.settings.max_participants,
            empty_timeout=self.settings.empty_timeout,
            departure_timeout=self.settings.departure_timeout,
        )

    def _dispatch(self, event: Event, now: Moment) -> list[Command]:  # noqa: C901, PLR0911, PLR0912 - one flat decision
        match event:
            case ClientConnected():
                return self._connect(event, now)
            case TimePassed():
                return self._pass_time(now)
            case LevelsMeasured(levels):
                return self._measure_levels(levels)
            case TrackWentLive(track_sid, mime_type):
                return self._go_live(track_sid, mime_type, now)
            case RemovalRequested(identity):
                return self._remove_named(identity, DisconnectReason.PARTICIPANT_REMOVED, now)
            case DeletionRequested():
                return self._remove_all(DisconnectReason.ROOM_DELETED, LeaveAction.DISCONNECT, now)
            case ServerStopping():
                return self._remove_all(DisconnectReason.SERVER_SHUTDOWN, LeaveAction.RECONNECT, now)
            case RoomFailed():
                return self._remove_all(DisconnectReason.STATE_MISMATCH, LeaveAction.RECONNECT, now)
            case MuteRequested(identity, track_sid):
                return self._mute_by_server(identity, track_sid, now)
            case UpdateRequested():
                return self._update_by_server(event, now)
            case SubscriptionRequested(identity, wanted):
                named = self.find_participant(identity)
                return [] if named is None else self._update_subscription(named, wanted, now)
            case SettingsRequested():
                return self._change_settings(event)
            case BroadcastRequested(reliable, message):
                return self._relay(None, message, now, reliable=reliable)
        # What is left concerns one participant, who may be gone by now.
        one = self.participants.get(event.sid)
        if one is None:
            return []
        match event:
            case RequestReceived(_, request):
                return self._request(one, request, now)
            case ClientResumed():
                return self._resume(one, now)
            case ClientDetached(_, going_away):
                return self._detach(one, now, going_away=going_away)
            case ClientMisbehaved(_, close_code):
                return self._misbehave(one, close_code, now)
            case OfferAccepted():
                return self._offer_accepted(one, event, now)
            case SectionsRequired(_, audios, videos):
                return one.session.sections_required(audios, videos)
            case OfferCreated(_, sdp, tracks):
                return one.session.offer_created(sdp, tracks)
            case OfferNotNeeded():
                return one.session.offer_not_needed() + self._settle_released(one, now)
            case AnswerAccepted():
                tracks, done = one.session.answer_accepted()
                return done + self._tell_received(tracks) + self._settle_released(one, now)
            case NegotiationFailed():
                return self._remove(one, DisconnectReason.STATE_MISMATCH, now, action=LeaveAction.RECONNECT)
            case NegotiationNeeded():
                one.session.change_noticed()
                return []
            case TransportChanged():
                return self._transport_changed(one, event, now)
            case StatsMeasured():
                return self._measure_quality(one, event)
            case StreamStateChanged(_, track_sid, active):
                return self._change_stream(one, track_sid, active=active)
            case DataReceived(_, reliable, message):
                return self._data_received(one, message, now, reliable=reliable)
            case PeerCrashed():
                return self._remove(one, DisconnectReason.MEDIA_FAILURE, now, action=LeaveAction.RECONNECT)

    # ---- Coming and going --------------------------------------------------------------------------------------------

    def _connect(self, event: ClientConnected, now: Moment) -> list[Command]:
        one = Participant.connecting(event, now=now.seconds, joined_at_ms=_milliseconds(now))
        done: list[Command] = []
        earlier = self.find_participant(event.identity)
        if earlier is not None:
            one.candidate_protocol, earlier.candidate_protocol = earlier.candidate_protocol, CandidateProtocol.UDP
            one.replaces = earlier if earlier.reported else earlier.replaces
            done += self._remove(earlier, DisconnectReason.DUPLICATE_IDENTITY, now, report=False)
        self.participants[one.sid] = one
        one.token_sent_at = now.seconds
        others = tuple(other.info() for other in self._others(one) if other.visible)
        tcp_only = one.candidate_protocol is CandidateProtocol.TCP
        done.append(commands.AddPeer(one.sid, one.session.is_single, tcp_only=tcp_only))
        join = Join(
            room=self.info(),
            participant=one.info(),
            other_participants=others,
            sif_trailer=self._sif_trailer,
            ice_servers=self._ice_servers(one, now),
            subscriber_primary=one.session.primary == "subscriber",
            force_relay=self._forces_relay(one),
        )
        done += one.session.open(join)
        done.append(commands.SendToken(one.sid))
        done += self._settle_all(one, now)
        return done + one.session.begin()

    def _ice_servers(self, one: Participant, now: Moment) -> tuple[IceServer, ...]:
        if self._turn_server is None:
            return ()
        return self._turn_server.servers(one.sid, now.at, over_tls=self._forces_relay(one))

    def _forces_relay(self, one: Participant) -> bool:
        return self._turn_server is not None and one.candidate_protocol is CandidateProtocol.TLS

    def _activate(self, one: Participant, now: Moment) -> list[Command]:
        one.state = ParticipantState.ACTIVE
        done = self._broadcast(one)
        if not self._started:
            self._started = True
            done.append(commands.Report(engine.RoomStarted(self.name, now.at)))
        one.reported = True
        joined = engine.ParticipantJoined(self.name, one.identity, one.sid, one.name, dict(one.attributes), at=now.at)
        done.append(commands.Report(joined, one.info()))
        done += self._report_left(one.replaces, DisconnectReason.DUPLICATE_IDENTITY, now)
        one.replaces = None
        for track in list(one.published.values()):
            done += self._announce(one, track, now)
        done += self._repeat_packets(one, now)
        if speaking := self._speakers.current():
            done += one.session.send(SpeakersChanged(speaking))
        reports = [report for other in self._others(one) if other.visible and (report := other.quality_report())]
        if reports:
            done += one.session.send(ConnectionQualityUpdate(tuple(reports)))
        return done

    def _resume(self, one: Participant, now: Moment) -> list[Command]:
        one.detached_at = None
        one.going_away = False
        one.token_sent_at = now.seconds
        if one.transport_lost_at is not None:
            one.transport_lost_at = now.seconds + _RESUME_TOLERANCE - limits.TRANSPORT_LOSS_TOLERANCE
            one.resumed_while_lost = True
        loses, one.loses_resume = one.loses_resume, ""
        if loses == "before":
            return [commands.CloseSocket(one.sid, 1011), *self._detach(one, now, going_away=False)]
        seen = tuple(other.info() for other in self._others(one) if other.visible)
        update = ParticipantUpdate((one.info(), *seen))
        reconnect = Reconnect(one.last_sequence, self._ice_servers(one, now), self._forces_relay(one))
        done = one.session.resume(reconnect, update, RoomUpdate(self.info()))
        done += [*self._streams(one), commands.SendToken(one.sid)]
        if loses == "after":
            done += [commands.CloseSocket(one.sid, 1011), *self._detach(one, now, going_away=False)]
        return done

    def _detach(self, one: Participant, now: Moment, *, going_away: bool) -> list[Command]:
        one.session.detach()
        one.going_away = going_away
        if one.detached_at is None:
            one.detached_at = now.seconds
        return []

    def _misbehave(self, one: Participant, close_code: int, now: Moment) -> list[Command]:
        farewell = one.session.end_socket(DisconnectReason.STATE_MISMATCH, LeaveAction.DISCONNECT, code=close_code)
        return farewell + self._remove(one, DisconnectReason.STATE_MISMATCH, now)

    def _remove_named(self, identity: str, reason: DisconnectReason, now: Moment) -> list[Command]:
        one = self.find_participant(identity)
        return [] if one is None else self._remove(one, reason, now)

    def _remove_all(self, reason: DisconnectReason, action: LeaveAction, now: Moment) -> list[Command]:
        done: list[Command] = []
        # Farewells first: what follows would tell everybody about everybody.
        for one in self.participants.values():
            done += one.session.leave(reason, action)
        for one in list(self.participants.values()):
            done += self._remove(one, reason, now)
        return done

    def _remove(
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
        del self.participants[one.sid]
        self._speakers.forget(one.sid)
        for track in [*one.pending.values(), *one.published.values()]:
            done += self._withdraw(one, track, now)
        done.append(commands.RemovePeer(one.sid))
        if one.candidate_protocol is not CandidateProtocol.UDP:
            # livekit-client says that it leaves before it comes back.
            done.append(commands.RememberProtocol(one.identity, one.candidate_protocol))
        for track_sid in one.subscribed:
            self._reconsider_quality(self._tracks[track_sid][1], now)
        if was_visible:
            one.state = ParticipantState.DISCONNECTED
            one.version += 1
            done += self._tell(self.participants.values(), ParticipantUpdate((one.describe(reason=reason),)))
        if not one.reported:
            aborted = engine.ParticipantAborted(self.name, one.identity, one.sid, now.at)
            done.append(commands.Report(aborted, one.describe(reason=reason)))
        if report:
            done += self._report_left(one if one.reported else one.replaces, reason, now)
        return done

    def _report_left(self, one: Participant | None, reason: DisconnectReason, now: Moment) -> list[Command]:
        if one is None:
            return []
        why = _REPORTED_REASONS.get(reason, LeaveReason.CONNECTION_LOST)
        left = engine.ParticipantLeft(self.name, one.identity, one.sid, why, now.at)
        return [commands.Report(left, one.describe(reason=reason))]

    # ---- Requests of a client ----------------------------------------------------------------------------------------

    def _request(self, one: Participant, request: Request, now: Moment) -> list[Command]:  # noqa: C901, PLR0911, PLR0912 - one flat decision
        session = one.session
        match request:
            case Ping():
                return session.answer_ping(request, _milliseconds(now))
            case Offer():
                return session.offer_received(request)
            case Answer():
                return session.answer_received(request)
            case Trickle():
                return session.candidate_received(request)
            case AddTrack():
                return self._add_track(one, request, now)
            case MuteTrack(sid, muted):
                return self._mute(one, sid, now, muted=muted)
            case UpdateSubscription():
                return self._update_subscription(one, request, now)
            case UpdateTrackSettings():
                return self._update_settings(one, request, now)
            case LeaveRequested():
                session.detach()
                return [commands.CloseSocket(one.sid), *self._remove(one, DisconnectReason.CLIENT_INITIATED, now)]
            case UpdateMetadata():
                return self._update_metadata(one, request)
            case SubscriptionPermission():
                return self._change_audience(one, request, now)
            case SyncState():
                return self._synchronise(one, request, now)
            case UpdateAudioTrack(track_sid, features):
                return self._change_track(one, track_sid, audio_features=features)
            case UpdateVideoTrack(track_sid, width, height):
                return self._change_track(one, track_sid, width=width, height=height)
            case Simulate("switch_candidate_protocol", protocol):
                return self._switch_protocol(one, protocol)
            case Simulate("subscriber_bandwidth", bits_per_second):
                return [commands.LimitVideo(one.sid, max(0, bits_per_second))]
            case Simulate(scenario):
                return self._simulate(one, scenario, now)
            case Unsupported():
                return []

    def _add_track(self, one: Participant, request: AddTrack, now: Moment) -> list[Command]:
        refusal = self._refuse_track(one, request)
        if refusal is not None:
            result, why = refusal
            return one.session.send(RequestAnswered(0, result, why, request))
        known = next((track for track in one.pending.values() if track.request.cid == request.cid), None)
        if known is not None:
            return one.session.send(TrackPublished(request.cid, known.info()))
        letters = ("A" if request.kind == "audio" else "V") + _SOURCE_LETTERS.get(request.source, "_")
        track = Track(
            sid=self._fresh_id(f"TR_{letters}"),
            request=request,
            muted=request.muted,
            audio_features=request.audio_features,
            width=request.width,
            height=request.height,
        )
        one.pending[track.sid] = track
        self._tracks[track.sid] = (one, track)
        return [*one.session.send(TrackPublished(request.cid, track.info())), *self._bind_pending(one, now)]

    @staticmethod
    def _refuse_track(one: Participant, request: AddTrack) -> tuple[RequestResult, str] | None:
        if not one.permission.allows_source(request.source):
            return RequestResult.NOT_ALLOWED, "not permitted to publish this source"
        if request.sid:
            return RequestResult.UNSUPPORTED_TYPE, "backup codecs are not supported"
        if len(one.pending) + len(one.published) >= limits.MAX_TRACKS:
            return RequestResult.LIMIT_EXCEEDED, f"more than {limits.MAX_TRACKS} tracks"
        return None

    def _mute(self, one: Participant, track_sid: str, now: Moment, *, muted: bool) -> list[Command]:
        track = one.track(track_sid)
        if track is None or track.muted == muted:
            return []
        track.muted = muted
        if not track.mid:
            return []
        done: list[Command] = [commands.SetTrackMuted(track_sid, muted)]
        if track.announced:
            return done + self._broadcast(one, to_self=False)
        return done + self._announce(one, track, now)

    def _update_subscription(self, one: Participant, request: UpdateSubscription, now: Moment) -> list[Command]:
        done: list[Command] = []
        for track_sid in request.track_sids:
            publisher, track = self._tracks.get(track_sid, (None, None))
            choice = one.choice(track_sid) if track is not None else None
            if publisher is None or track is None or choice is None or publisher is one:
                if request.subscribe:
                    done += one.session.send(SubscriptionFailed(track_sid))
                continue
            choice.subscribe = request.subscribe
            done += self._settle(one, publisher, track, now)
        return done

    def _update_settings(self, one: Participant, request: UpdateTrackSettings, now: Moment) -> list[Command]:
        done: list[Command] = []
        for track_sid in request.track_sids:
            _, track = self._tracks.get(track_sid, (None, None))
            choice = one.choice(track_sid) if track is not None else None
            if track is None or choice is None or choice.settings == request:
                continue
            choice.settings = request
            if track_sid in one.subscribed:
                done += [self._configure(one, track), *self._raise_quality(one, track)]
                self._reconsider_quality(track, now)
        return done

    def _update_metadata(self, one: Participant, request: UpdateMetadata) -> list[Command]:
        if not one.permission.can_update_metadata:
            answer = RequestAnswered(request.request_id, RequestResult.NOT_ALLOWED, "does not have permission")
            return one.session.send(answer)
        if not one.attributes_fit(request.attributes):
            answer = RequestAnswered(request.request_id, RequestResult.LIMIT_EXCEEDED, "attributes are too large")
            return one.session.send(answer)
        done: list[Command] = []
        # An empty string means "as it is": clients always send all three.
        if one.rename(name=request.name or None, metadata=request.metadata or None, attributes=request.attributes):
            done += [*self._broadcast(one), commands.SendToken(one.sid)]
        return done + one.session.send(RequestAnswered(request.request_id, RequestResult.OK, ""))

    def _change_audience(self, one: Participant, request: SubscriptionPermission, now: Moment) -> list[Command]:
        one.audience = request
        return self._settle_audience(one, now)

    def _synchronise(self, one: Participant, request: SyncState, now: Moment) -> list[Command]:
        if any(one.track(track_sid) is None for track_sid in request.published_sids):
            return self._remove(one, DisconnectReason.STATE_MISMATCH, now, action=LeaveAction.RECONNECT)
        done: list[Command] = []
        if request.disabled_sids:
            done += self._update_settings(one, UpdateTrackSettings(request.disabled_sids, disabled=True), now)
        if request.subscription is not None:
            done += self._update_subscription(one, request.subscription, now)
        return done

    def _change_track(
        self,
        one: Participant,
        track_sid: str,
        *,
        audio_features: tuple[int, ...] | None = None,
        width: int | None = None,
        height: int | None = None,
    ) -> list[Command]:
        track = one.track(track_sid)
        if track is None:
            return []
        if audio_features is not None:
            track.audio_features = audio_features
        if width is not None and height is not None:
            track.width, track.height = width, height
        return self._broadcast(one, to_self=False) if track.announced else []

    def _simulate(self, one: Participant, scenario: str, now: Moment) -> list[Command]:  # noqa: PLR0911 - one flat decision
        """A client tests itself; only its own connection is concerned."""
        match scenario:
            case "node_failure":
                # As if the server had died: the socket closes without a word and the participant is unknown afterwards.
                one.session.detach()
                return [commands.CloseSocket(one.sid, 1011), *self._remove(one, _UNKNOWN, now)]
            case "server_leave":
                return self._remove(one, DisconnectReason.SERVER_SHUTDOWN, now)
            case "leave_request_full_reconnect":
                return self._remove(one, _UNKNOWN, now, action=LeaveAction.RECONNECT)
            case "migration":
                done = one.session.end_socket(_UNKNOWN, LeaveAction.RESUME)
                return done + self._detach(one, now, going_away=False)
            case "disconnect_signal_on_resume":
                one.loses_resume = "after"
                return []
            case "disconnect_signal_on_resume_no_messages":
                one.loses_resume = "before"
                return []
            case "speaker_update":
                return one.session.send(SpeakersChanged((Speaker(one.sid, 1.0, active=True),)))
            case _:
                return []

    def _switch_protocol(self, one: Participant, protocol: int) -> list[Command]:
        """Concerns the client's next connection, which it makes by itself; over TLS it has none but with a TURN server."""
        if protocol not in list(CandidateProtocol):
            refusal = "unknown candidate protocol"
        elif protocol == CandidateProtocol.TCP and not self._has_tcp:
            refusal = "there is no TCP port"
        elif protocol == CandidateProtocol.TLS and self._turn_server is None:
            refusal = "there is no TURN server"
        else:
            one.candidate_protocol = CandidateProtocol(protocol)
            return []
        return one.session.send(RequestAnswered(0, RequestResult.UNSUPPORTED_TYPE, refusal))

    # ---- Publications ------------------------------------------------------------------------------------------------

    def _offer_accepted(self, one: Participant, event: OfferAccepted, now: Moment) -> list[Command]:
        done = self._match_sections(one, event.sections, now)
        asked_for = {track.mid: track.request.codec for track in one.published.values()}
        plain = {track.mid for track in one.published.values() if track.forbids_redundancy}
        answer = forbid_redundancy(prefer_codecs(event.sdp, asked_for), plain)
        said = one.session.offer_accepted(event.offer_id, answer, event.tracks, needs_offer=event.needs_offer)
        if event.tracks:
            one.reminders = [now.seconds + pause for pause in limits.PAUSED_REMINDERS]
        # What follows from the sections comes after the answer.
        return [*said, *done, *self._tell_received(event.tracks), *self._settle_released(one, now)]

    def _match_sections(self, one: Participant, sections: Iterable[Section], now: Moment) -> list[Command]:
        """Compare the media sections of an accepted offer with what this participant publishes."""
        done: list[Command] = []
        sending = {section.mid: section for section in sections if section.sending}
        one.spare_sections = {}
        pending_ids = {track.request.cid for track in one.pending.values()}
        for track in list(one.published.values()):
            section = sending.pop(track.mid, None)
            if section is None:
                done += self._withdraw(one, track, now)
                continue
            if section.track_id in pending_ids and section.track_id != track.request.cid:
                # The section was reused for another track.
                done += self._withdraw(one, track, now)
                sending[section.mid] = section
        one.spare_sections = sending
        return done + self._bind_pending(one, now)

    def _bind_pending(self, one: Participant, now: Moment) -> list[Command]:
        done: list[Command] = []
        offered_ids = frozenset(section.track_id for section in one.spare_sections.values() if section.track_id)
        for section in list(one.spare_sections.values()):
            track = one.claim_pending(section, offered_ids)
            if track is None:
                continue
            one.bind(track, section)
            done.append(
                commands.PublishTrack(
                    one.sid,
                    track.sid,
                    track.mid,
                    track.kind,
                    track.muted,
                    is_screen=track.request.source is TrackSource.SCREEN_SHARE,
                )
            )
            done += self._announce(one, track, now)
        return done

    def _go_live(self, track_sid: str, mime_type: str, now: Moment) -> list[Command]:
        one, track = self._tracks.get(track_sid, (None, None))
        if one is None or track is None:
            return []
        track.live = True
        if not track.mime_type:
            track.mime_type = mime_type
            if track.announced:
                # It was muted when it was announced: what it really is shows only now.
                return self._broadcast(one, to_self=False)
        return self._announce(one, track, now)

    def _announce(self, one: Participant, track: Track, now: Moment) -> list[Command]:
        """Tell everybody of a track, once its owner is active and packets flow or are not to be expected."""
        if track.announced or not track.mid or not one.active or not (track.live or track.muted):
            return []
        track.announced = True
        done = self._broadcast(one, to_self=False)
        published = engine.TrackPublished(self.name, one.identity, track.sid, track.source_name, now.at)
        done.append(commands.Report(published, one.info(), track.info()))
        for other in self._others(one):
            done += self._settle(other, one, track, now)
        self._reconsider_quality(track, now)
        return done

    def _withdraw(self, one: Participant, track: Track, now: Moment) -> list[Command]:
        """Take a track away from everybody; while its owner stays, the others are told."""
        one.pending.pop(track.sid, None)
        one.published.pop(track.sid, None)
        self._tracks.pop(track.sid, None)
        self._reconsidered.pop(track.sid, None)
        done: list[Command] = []
        for other in self.participants.values():
            other.choices.pop(track.sid, None)
            other.denied.discard(track.sid)
            other.released.pop(track.sid, None)
            if track.sid in other.subscribed:
                other.subscribed.discard(track.sid)
                other.paused.discard(track.sid)
                done.append(commands.UnsubscribeTrack(other.sid, track.sid))
                other.session.negotiate_later()
        if track.mid:
            done.append(commands.UnpublishTrack(track.sid))
        if track.announced:
            track.announced = False
            if one.sid in self.participants:
                done += self._broadcast(one, to_self=False)
            gone = engine.TrackUnpublished(self.name, one.identity, track.sid, track.source_name, now.at)
            done.append(commands.Report(gone, one.describe(), track.info()))
        return done

    # ---- Subscriptions -----------------------------------------------------------------------------------------------

    def _settle(self, subscriber: Participant, publisher: Participant, track: Track, now: Moment) -> list[Command]:
        """Make what this subscriber receives of this track what it should be."""
        done: list[Command] = []
        admitted = publisher.admits(subscriber, track)
        if publisher.visible and admitted == (track.sid in subscriber.denied):
            (subscriber.denied.discard if admitted else subscriber.denied.add)(track.sid)
            done += subscriber.session.send(SubscriptionPermissionUpdate(publisher.sid, track.sid, admitted))
        should = (
            admitted
            and track.announced
            and publisher.visible
            and subscriber.permission.can_subscribe
            and subscriber.wants(track)
        )
        if should == (track.sid in subscriber.subscribed):
            return done
        if should and track.sid in subscriber.released:
            # ``_settle_released`` subscribes once the client has let go of it.
            is_under_way = subscriber.released[track.sid] <= subscriber.session.offers_asked
            return done if is_under_way else done + subscriber.session.negotiate()
        if should:
            subscriber.subscribed.add(track.sid)
            stream_id = f"{publisher.sid}|{track.sid}"
            done.append(commands.SubscribeTrack(subscriber.sid, track.sid, stream_id))
            if track.kind == "video":
                done.append(self._configure(subscriber, track))
            done += self._raise_quality(subscriber, track)
            return done + subscriber.session.negotiate()
        subscriber.subscribed.discard(track.sid)
        subscriber.paused.discard(track.sid)
        # An offer that is being made or answered does not know of it yet.
        subscriber.released[track.sid] = subscriber.session.offers_asked + 1
        self._reconsider_quality(track, now)
        subscriber.session.negotiate_later()
        return [*done, commands.UnsubscribeTrack(subscriber.sid, track.sid)]

    def _settle_released(self, subscriber: Participant, now: Moment) -> list[Command]:
        """What an offer has taken away may come again."""
        done: list[Command] = []
        gone = [sid for sid, offer in subscriber.released.items() if offer <= subscriber.session.offers_done]
        for track_sid in gone:
            del subscriber.released[track_sid]
            publisher, track = self._tracks[track_sid]
            done += self._settle(subscriber, publisher, track, now)
        return done

    def _settle_audience(self, publisher: Participant, now: Moment) -> list[Command]:
        """What everybody receives of this publisher."""
        done: list[Command] = []
        for track in publisher.announced_tracks():
            for other in self._others(publisher):
                done += self._settle(other, publisher, track, now)
        return done

    def _settle_all(self, subscriber: Participant, now: Moment) -> list[Command]:
        done: list[Command] = []
        for publisher, track in self._tracks.values():
            if track.announced and publisher is not subscriber:
                done += self._settle(subscriber, publisher, track, now)
        return done

    @staticmethod
    def _configure(subscriber: Participant, track: Track) -> Command:
        settings = subscriber.settings_for(track)
        return commands.ConfigureSubscription(
            sid=subscriber.sid,
            track_sid=track.sid,
            enabled=not settings.disabled,
            max_layer=int(track.quality_for(settings)),
            max_fps=settings.fps,
            priority=settings.priority,
        )

    def _tell_received(self, tracks: Mapping[str, str]) -> list[Command]:
        """Publishers of the tracks that somebody receives from now on hear of it, the first time."""
        done: list[Command] = []
        for track_sid in tracks.values():
            publisher, track = self._tracks.get(track_sid, (None, None))
            if publisher is not None and track is not None and not track.received:
                track.received = True
                done += publisher.session.send(TrackSubscribed(track_sid))
        return done

    def _raise_quality(self, subscriber: Participant, track: Track) -> list[Command]:
        """Dynacast: tell a publisher at once when somebody wants more than it was told to encode."""
        settings = subscriber.settings_for(track)
        if track.kind != "video" or settings.disabled:
            return []
        wanted = track.quality_for(settings)
        return self._tell_quality(track, wanted) if _rank(wanted) > _rank(track.told_quality) else []

    def _reconsider_quality(self, track: Track, now: Moment) -> None:
        """Less may be wanted now. A publisher is told after a while, if it is still so."""
        if track.kind == "video":
            self._reconsidered.setdefault(track.sid, now.seconds)

    def _lower_qualities(self, now: Moment) -> list[Command]:
        done: list[Command] = []
        for track_sid, since in list(self._reconsidered.items()):
            if now.seconds - since < limits.DYNACAST_LOWERING_DELAY:
                continue
            del self._reconsidered[track_sid]
            _, track = self._tracks.get(track_sid, (None, None))
            if track is not None and _rank(wanted := self._wanted_quality(track)) < _rank(track.told_quality):
                done += self._tell_quality(track, wanted)
        return done

    def _tell_quality(self, track: Track, wanted: VideoQuality) -> list[Command]:
        track.told_quality = wanted
        publisher, _ = self._tracks[track.sid]
        return publisher.session.send(SubscribedQualityUpdate(track.sid, track.codec, wanted))

    def _wanted_quality(self, track: Track) -> VideoQuality:
        wanted = [
            track.quality_for(settings)
            for one in self.participants.values()
            if track.sid in one.subscribed and not (settings := one.settings_for(track)).disabled
        ]
        return max(wanted, default=VideoQuality.OFF)

    # ---- What the SFU measures ---------------------------------------------------------------------------------------

    def _transport_changed(self, one: Participant, event: TransportChanged, now: Moment) -> list[Command]:
        one.transports[event.target] = event.state
        if event.state == "connected":
            if all(state == "connected" for state in one.transports.values()):
                one.transport_lost_at = None
                one.resumed_while_lost = False
            if event.target == one.session.primary and not one.active:
                return self._activate(one, now)
            return []
        if event.state == "closed":
            # Clients close their transports when they leave, and some before they say so.
            return self._remove(one, DisconnectReason.CLIENT_INITIATED, now)
        if one.transport_lost_at is None:
            one.transport_lost_at = now.seconds
        # A resume under way repairs both transports, and the other one may fall silent a moment later.
        if event.state == "disconnected" and one.resumed_while_lost:
            return []
        return self._repair_transport(one, now)

    def _repair_transport(self, one: Participant, now: Moment) -> list[Command]:
        """A dead transport is repaired by a resume; when a resume did not help, by starting over."""
        if not one.session.attached:
            return []
        if one.resumed_while_lost:
            return self._remove(one, DisconnectReason.MEDIA_FAILURE, now, action=LeaveAction.RECONNECT)
        return [
            *one.session.end_socket(_UNKNOWN, LeaveAction.RESUME),
            *self._detach(one, now, going_away=False),
        ]

    def _measure_levels(self, levels: Iterable[tuple[str, float]]) -> list[Command]:
        loudest: dict[str, float] = {}
        for track_sid, level in levels:
            one, track = self._tracks.get(track_sid, (None, None))
            if one is not None and track is not None and one.visible and not track.muted:
                loudest[one.sid] = max(loudest.get(one.sid, 0.0), level)
        changes = self._speakers.measured(loudest)
        if not changes:
            return []
        return self._tell((one for one in self.participants.values() if one.active), SpeakersChanged(changes))

    def _measure_quality(self, one: Participant, event: StatsMeasured) -> list[Command]:
        before = one.quality
        one.quality = rate_connection(loss=event.loss, rtt_ms=event.rtt_ms, jitter_ms=event.jitter_ms)
        report = one.quality_report()
        if report is None or not one.active or (before is not None and before[0] is one.quality[0]):
            return []
        update = ConnectionQualityUpdate((report,))
        if one.permission.hidden:
            return one.session.send(update)
        return self._tell((other for other in self.participants.values() if other.active), update)

    def _change_stream(self, one: Participant, track_sid: str, *, active: bool) -> list[Command]:
        if track_sid not in one.subscribed:
            return []
        (one.paused.discard if active else one.paused.add)(track_sid)
        publisher, _ = self._tracks[track_sid]
        return one.session.send(StreamStateUpdate((StreamState(publisher.sid, track_sid, active),)))

    def _remind_of_paused(self, one: Participant, now: Moment) -> list[Command]:
        if not one.reminders or now.seconds < one.reminders[0]:
            return []
        one.reminders = [at for at in one.reminders if at > now.seconds]
        paused = sorted(one.paused & one.subscribed)
        streams = tuple(StreamState(self._tracks[sid][0].sid, sid, active=False) for sid in paused)
        return one.session.send(StreamStateUpdate(streams)) if streams else []

    def _streams(self, one: Participant) -> list[Command]:
        """What a resumed client may have missed: it knows of changes only."""
        if not one.subscribed:
            return []
        streams = (StreamState(self._tracks[sid][0].sid, sid, sid not in one.paused) for sid in sorted(one.subscribed))
        return one.session.send(StreamStateUpdate(tuple(streams)))

    def _data_received(self, one: Participant, message: DataMessage, now: Moment, *, reliable: bool) -> list[Command]:
        if not message.relayed or not one.active or not one.permission.can_publish_data:
            return []
        if message.size > limits.MAX_DATA_BYTES or len(message.destination_identities) > limits.MAX_DATA_DESTINATIONS:
            return []
        if not one.packets.take(1, now.seconds) or not one.bytes.take(message.size, now.seconds):
            return []
        if reliable and message.sequence:
            # A resumed client sends again what it is not sure of.
            if message.sequence <= one.last_sequence:
                return []
            one.last_sequence = message.sequence
        return self._relay(one, message, now, reliable=reliable)

    def _relay(self, sender: Participant | None, message: DataMessage, now: Moment, *, reliable: bool) -> list[Command]:
        others = [
            one for one in self.participants.values() if one is not sender and message.is_for(one.identity, one.sid)
        ]
        known = sender is not None and not sender.permission.hidden
        identity, sid = (sender.identity, sender.sid) if sender is not None and known else ("", "")
        if reliable and any(not one.active for one in others):
            self._recent.add(RecentPacket(now.seconds, identity, sid, message))
        to = tuple(one.sid for one in others if one.active)
        return [commands.SendData(to, reliable, identity, sid, message)] if to else []

    def _repeat_packets(self, one: Participant, now: Moment) -> list[Command]:
        """What was said while this participant was on its way in."""
        return [
            commands.SendData((one.sid,), True, packet.identity, packet.sid, packet.message)
            for packet in self._recent.since(one.connected_at, now.seconds)
            if packet.sid != one.sid and packet.message.is_for(one.identity, one.sid)
        ]

    # ---- The server's own rules --------------------------------------------------------------------------------------

    def _mute_by_server(self, identity: str, track_sid: str, now: Moment) -> list[Command]:
        one = self.find_participant(identity)
        track = one.track(track_sid) if one is not None else None
        if one is None or track is None or track.muted:
            return []
        return [*one.session.send(MuteTrack(track_sid, muted=True)), *self._mute(one, track_sid, now, muted=True)]

    def _update_by_server(self, event: UpdateRequested, now: Moment) -> list[Command]:
        one = self.find_participant(event.identity)
        if one is None:
            return []
        was_visible = one.visible
        changed = one.rename(name=event.name, metadata=event.metadata, attributes=event.attributes)
        done: list[Command] = []
        if event.permission is not None and one.change_permission(event.permission):
            changed = True
            done += self._enforce_permission(one, event.permission, now)
        if not changed:
            return []
        if was_visible and not one.visible:
            done += self._vanish(one)
        done += [*self._broadcast(one), commands.SendToken(one.sid)]
        if was_visible is not one.visible:
            # After the others know of it again.
            done += self._settle_audience(one, now)
        return done

    def _vanish(self, one: Participant) -> list[Command]:
        """To the others it is as if this participant had left; if it is seen again, it is as if it had come."""
        one.version += 1
        self._speakers.forget(one.sid)
        self._recent.unname(one.sid)
        for other in self._others(one):
            other.denied -= one.published.keys()
        left = replace(one.describe(), state=ParticipantState.DISCONNECTED, tracks=())
        return self._tell(self._others(one), ParticipantUpdate((left,)))

    def _change_settings(self, event: SettingsRequested) -> list[Command]:
        before, now = self.settings, event
        self.settings = RoomSettings(
            metadata=before.metadata if now.metadata is None else now.metadata,
            max_participants=before.max_participants if now.max_participants is None else now.max_participants,
            empty_timeout=before.empty_timeout if now.empty_timeout is None else now.empty_timeout,
            departure_timeout=before.departure_timeout if now.departure_timeout is None else now.departure_timeout,
        )
        return [] if self.settings == before else self._tell(self.participants.values(), RoomUpdate(self.info()))

    def _enforce_permission(self, one: Participant, permission: Permission, now: Moment) -> list[Command]:
        done: list[Command] = []
        for track in [*one.pending.values(), *one.published.values()]:
            if not permission.allows_source(track.request.source):
                done += one.session.send(TrackUnpublished(track.sid))
                done += self._withdraw(one, track, now)
        return done + self._settle_all(one, now)

    # ---- Time --------------------------------------------------------------------------------------------------------

    def _pass_time(self, now: Moment) -> list[Command]:
        done: list[Command] = []
        for one in list(self.participants.values()):
            done += self._check_liveness(one, now)
            if one.session.closed or not one.session.attached:
                continue
            done += one.session.flush()
            done += self._remind_of_paused(one, now)
            if now.seconds - one.token_sent_at >= limits.TOKEN_REFRESH_INTERVAL:
                one.token_sent_at = now.seconds
                done.append(commands.SendToken(one.sid))
        return done + self._lower_qualities(now)

    def _check_liveness(self, one: Participant, now: Moment) -> list[Command]:
        if not one.active and now.seconds - one.connected_at >= limits.JOIN_TIMEOUT:
            return self._remove(one, DisconnectReason.CONNECTION_TIMEOUT, now)
        if one.detached_at is not None:
            if one.going_away:
                patience = limits.DETACHED_TIMEOUT_GOING_AWAY
            elif one.transport_lost_at is not None:
                patience = limits.TRANSPORT_CLEANUP
            else:
                patience = limits.DETACHED_TIMEOUT
            since = max(one.detached_at, one.transport_lost_at or 0.0)
            return self._remove(one, DisconnectReason.SIGNAL_CLOSE, now) if now.seconds - since >= patience else []
        lost = one.transport_lost_at
        if lost is not None and now.seconds - lost >= limits.TRANSPORT_LOSS_TOLERANCE:
            return self._repair_transport(one, now)
        return []

    # ---- Telling -----------------------------------------------------------------------------------------------------

    def _others(self, one: Participant) -> Iterator[Participant]:
        return (other for other in self.participants.values() if other is not one)

    def _broadcast(self, one: Participant, *, to_self: bool = True) -> list[Command]:
        """Tell everybody that this participant changed.

        Its own track changes are not echoed to it: a client that is about to mute would take the echo for a contradiction.
        """
        one.version += 1
        update = ParticipantUpdate((one.info(),))
        done = one.session.send(update) if to_self else []
        if one.visible:
            done += self._tell(self._others(one), update)
        return done

    @staticmethod
    def _tell(whom: Iterable[Participant], response: Response) -> list[Command]:
        to = tuple(one.sid for one in whom if one.session.attached and not one.session.closed)
        return [commands.Send(to, response)] if to else []


def _rank(quality: VideoQuality) -> int:
    return -1 if quality is VideoQuality.OFF else int(quality)


def _milliseconds(now: Moment) -> int:
    return int(now.at.timestamp() * 1000)
