"""A room in which anything may happen at any time, and the books kept of what it asks for."""

from typing import Any

from moothall import engine
from moothall.livekit.model import Permission, SimulcastCodec, TrackSource, VideoQuality
from moothall.livekit.requests import (
    AddTrack,
    Answer,
    LeaveRequested,
    MuteTrack,
    Offer,
    Simulate,
    SubscriptionPermission,
    SyncState,
    UpdateSubscription,
    UpdateTrackSettings,
)
from moothall.livekit.responses import Join, ParticipantUpdate
from moothall.livekit.server_requests import MuteRequested, SharesReplaced, UpdateRequested
from moothall.signalling import commands
from moothall.signalling.events import (
    AnswerAccepted,
    ClientDetached,
    ClientMisbehaved,
    ClientResumed,
    DeletionRequested,
    LevelsMeasured,
    NegotiationFailed,
    NegotiationNeeded,
    OfferAccepted,
    OfferCreated,
    OfferNotNeeded,
    PeerCrashed,
    RemovalRequested,
    RequestReceived,
    Section,
    SectionsRequired,
    StreamCodecChanged,
    StreamStateChanged,
    TrackWentLive,
    TransportChanged,
)
from support.room_rules import WatchedStage

PEOPLE = ("alice", "bob", "carol")
MIDS = ("0", "1", "2")
PERMISSIONS = (Permission(), Permission(can_publish=False), Permission(can_subscribe=False), Permission(hidden=True))


class Ledger:
    """A model of the SFU and the sockets, for which every command must be valid."""

    def __init__(self) -> None:
        self.peers: set[str] = set()
        self.sockets: set[str] = set()
        self.tracks: dict[str, str] = {}
        self.subscriptions: set[tuple[str, str]] = set()
        self.open_offers: set[str] = set()
        self.single: set[str] = set()
        self.questions: set[str] = set()
        self.known: dict[str, dict[str, int]] = {}
        self.joined: list[str] = []
        self.left: list[str] = []

    def carry_out(self, command: Any) -> None:  # noqa: C901, PLR0912, PLR0915 - one flat table
        match command:
            case commands.Send(to, response):
                assert to
                assert self.sockets.issuperset(to)
                for sid in to:
                    self._hear(sid, response)
            case commands.CloseSocket(sid, _):
                self.sockets.discard(sid)
            case commands.AddPeer(sid, is_single):
                if is_single:
                    self.single.add(sid)
                assert sid not in self.peers
                self.peers.add(sid)
                self.sockets.add(sid)
                self.known[sid] = {}
            case commands.RemovePeer(sid):
                self.peers.remove(sid)
                self.sockets.discard(sid)
                self.open_offers.discard(sid)
                self.questions.discard(sid)
                self.subscriptions = {one for one in self.subscriptions if one[0] != sid}
                assert sid not in self.tracks.values()
            case commands.CreateOffer(sid, _):
                assert sid in self.peers - self.single
                assert sid not in self.open_offers
                self.open_offers.add(sid)
            case commands.RequireSections(sid):
                # One question at a time, and only to a client that offers.
                assert sid in self.peers & self.single
                assert sid not in self.questions
                self.questions.add(sid)
            case commands.AcceptAnswer(sid, _):
                # One offer at a time: the next is asked for only after this one's answer.
                self.open_offers.remove(sid)
            case commands.AcceptOffer(sid, _, _) | commands.AddCandidate(sid, _, _) | commands.SendToken(sid):
                assert sid in self.peers
            case commands.PublishTrack(sid, track_sid, _, _, _, _):
                assert sid in self.peers
                assert track_sid not in self.tracks
                self.tracks[track_sid] = sid
            case commands.UnpublishTrack(track_sid):
                del self.tracks[track_sid]
                assert track_sid not in {track for _, track in self.subscriptions}
            case commands.SetTrackMuted(track_sid, _):
                assert track_sid in self.tracks
            case commands.SubscribeTrack(sid, track_sid, _):
                assert sid in self.peers
                assert self.tracks[track_sid] != sid
                assert (sid, track_sid) not in self.subscriptions
                self.subscriptions.add((sid, track_sid))
            case commands.UnsubscribeTrack(sid, track_sid):
                self.subscriptions.remove((sid, track_sid))
            case commands.ConfigureSubscription(sid, track_sid, _, _, _, _):
                assert (sid, track_sid) in self.subscriptions
            case commands.Report(engine.ParticipantJoined() as event):
                assert event.sid not in self.joined
                self.joined.append(event.sid)
            case commands.Report(engine.ParticipantLeft() as event):
                assert event.sid in self.joined
                assert event.sid not in self.left
                self.left.append(event.sid)
            case commands.Report(engine.RoomFinished()):
                assert sorted(self.joined) == sorted(self.left)

    def _hear(self, sid: str, response: Any) -> None:
        match response:
            case Join():
                self.known[sid] = {info.sid: info.version for info in response.other_participants}
            case ParticipantUpdate(participants):
                for info in participants:
                    # A client ignores what is older than what it has; equal is what a resume
                    # repeats.
                    assert info.version >= self.known[sid].get(info.sid, 0)
                    self.known[sid][info.sid] = info.version
            case Offer():
                assert sid in self.open_offers


class Chaos:
    """Chooses by number among what exists, and among what does not any more."""

    def __init__(self) -> None:
        self.stage = WatchedStage()
        self.ledger = Ledger()
        self.sids: list[str] = ["PA_nobody"]
        self.carried_out = 0

    def begin(self) -> None:
        """Three people meet, each with a camera."""
        for number, person in enumerate(PEOPLE):
            sid = self.stage.joins(person)
            self.sids.append(sid)
            self.stage.publishes(sid, f"camera{number}", "video", TrackSource.CAMERA)
        self.stage.negotiates()
        self.carry_out()

    def act(self, name: str, a: int, b: int, c: int) -> None:
        # Mostly those who are here, now and then somebody long gone.
        here = list(self.stage.room.participants) or self.sids
        sid = self.sids[b % len(self.sids)] if a == 0 else here[a % len(here)]
        tracks = list(self.stage.room.tracks) or ["TR_nothing"]
        getattr(self, f"do_{name}")(sid, "TR_nothing" if b == 0 else tracks[b % len(tracks)], c)
        self.carry_out()

    def carry_out(self) -> None:
        for command in self.stage.log[self.carried_out :]:
            self.ledger.carry_out(command)
        self.carried_out = len(self.stage.log)
        for one in self.stage.room.participants.values():
            assert one.paused <= one.subscribed
            assert not one.subscribed & one.released.keys()
            # The stored public state of a participant equals its current state.
            assert not one.visible or one.info() == one.describe()

    def _says(self, sid: str, request: Any) -> None:
        # Only who has a socket can speak.
        if sid in self.ledger.sockets:
            self.stage.happens(RequestReceived(sid, request))

    def do_connect(self, _sid: str, _track: str, c: int) -> None:
        options = {
            "auto_subscribe": c % 2 == 0,
            "adaptive_stream": c % 4 == 0,
            "permission": PERMISSIONS[c % 4],
            "is_single": c % 3 == 0,
        }
        self.sids.append(self.stage.connects(PEOPLE[c % 3], **options))

    def do_resume(self, sid: str, _track: str, _c: int) -> None:
        if sid in self.ledger.peers:
            self.ledger.sockets.add(sid)
        self.stage.happens(ClientResumed(sid))

    def do_detach(self, sid: str, _track: str, c: int) -> None:
        if sid in self.ledger.sockets:
            self.ledger.sockets.discard(sid)
            self.stage.happens(ClientDetached(sid, going_away=c % 2 == 0))

    def do_misbehave(self, sid: str, _track: str, _c: int) -> None:
        if sid in self.ledger.sockets:
            self.stage.happens(ClientMisbehaved(sid, 1007))

    def do_add_track(self, sid: str, _track: str, c: int) -> None:
        kind = "audio" if c % 2 else "video"
        codecs = (SimulcastCodec("video/VP9", f"cid{c}"), SimulcastCodec("video/VP8", ""))[: c % 3]
        self._says(sid, AddTrack(cid=f"cid{c}", kind=kind, source=TrackSource(c % 5), muted=c % 3 == 0, codecs=codecs))

    def do_add_backup(self, sid: str, track: str, c: int) -> None:
        codecs = (SimulcastCodec(("video/VP8", "video/VP9", "audio/opus")[c % 3], f"cid{c}"),)
        self._says(sid, AddTrack(cid=f"cid{c}", kind="audio", codecs=codecs, sid=track))

    def do_change_codec(self, sid: str, track: str, c: int) -> None:
        self.stage.happens(StreamCodecChanged(sid, track, ("", "video/VP8", "video/VP9", "audio/opus")[c % 4]))

    def do_offer(self, sid: str, _track: str, c: int) -> None:
        sections = tuple(
            Section(mid, "audio" if (c + number) % 2 else "video", (c >> number) & 1 == 0, 3, f"cid{(c + number) % 12}")
            for number, mid in enumerate(MIDS[: 1 + c % 3])
        )
        self._says(sid, Offer("offer", c))
        self.stage.happens(OfferAccepted(sid, c, "answer", sections, needs_offer=c == 0))

    def do_require_sections(self, sid: str, _track: str, c: int) -> None:
        if sid in self.ledger.questions:
            self.ledger.questions.discard(sid)
            self.stage.happens(OfferNotNeeded(sid) if c % 3 == 0 else SectionsRequired(sid, c % 2, 1))

    def _makes_offer(self, sid: str) -> bool:
        session = self.stage.room.participants[sid].session
        return not session.is_single and session.negotiation.name == "CREATING"

    def do_offer_created(self, sid: str, track: str, _c: int) -> None:
        participant = self.stage.room.participants.get(sid)
        if participant is not None and self._makes_offer(sid):
            self.stage.happens(OfferCreated(sid, "offer", {"0": track}))

    def do_offer_not_needed(self, sid: str, _track: str, _c: int) -> None:
        participant = self.stage.room.participants.get(sid)
        if participant is not None and self._makes_offer(sid):
            self.ledger.open_offers.discard(sid)
            self.stage.happens(OfferNotNeeded(sid))

    def do_answer(self, sid: str, _track: str, c: int) -> None:
        participant = self.stage.room.participants.get(sid)
        self._says(sid, Answer("answer", 0 if c else 99))
        if participant is not None and participant.session.negotiation.name == "APPLYING":
            self.stage.happens(AnswerAccepted(sid))

    def do_negotiation_fails(self, sid: str, _track: str, c: int) -> None:
        if c == 0:
            self.stage.happens(NegotiationFailed(sid, "publisher", "bad"))

    def do_notice_change(self, sid: str, _track: str, _c: int) -> None:
        self.stage.happens(NegotiationNeeded(sid))

    def do_transport(self, sid: str, _track: str, c: int) -> None:
        states = ("connected", "connected", "connected", "disconnected", "failed", "closed")
        target = "publisher" if c % 2 else "subscriber"
        self.stage.happens(TransportChanged(sid, target, states[c % 6]))  # type: ignore[arg-type]

    def do_go_active(self, sid: str, _track: str, _c: int) -> None:
        self.stage.happens(TransportChanged(sid, "subscriber", "connected"))

    def do_go_live(self, _sid: str, track: str, _c: int) -> None:
        self.stage.happens(TrackWentLive(track, "video/VP8"))

    def do_mute(self, sid: str, track: str, c: int) -> None:
        self._says(sid, MuteTrack(track, muted=c % 2 == 0))

    def do_subscribe(self, sid: str, track: str, c: int) -> None:
        self._says(sid, UpdateSubscription((track,), subscribe=c % 2 == 0))

    def do_settings(self, sid: str, track: str, c: int) -> None:
        self._says(sid, UpdateTrackSettings((track,), disabled=c % 4 == 0, quality=VideoQuality(c % 3)))

    def do_audience(self, sid: str, _track: str, c: int) -> None:
        self._says(sid, SubscriptionPermission(all_participants=c % 2 == 0, track_permissions=()))

    def do_sync(self, sid: str, track: str, c: int) -> None:
        self._says(sid, SyncState((track,) if c == 0 else (), UpdateSubscription((track,), False), (track,)))

    def do_simulate(self, sid: str, _track: str, c: int) -> None:
        scenarios = (
            "node_failure",
            "server_leave",
            "leave_request_full_reconnect",
            "migration",
            "speaker_update",
            "disconnect_signal_on_resume",
            "disconnect_signal_on_resume_no_messages",
        )
        self._says(sid, Simulate("subscriber_bandwidth", c * 50_000))
        self._says(sid, Simulate("switch_candidate_protocol", c % 4))
        self._says(sid, Simulate(scenarios[c % 7]))

    def do_leave(self, sid: str, _track: str, _c: int) -> None:
        self._says(sid, LeaveRequested())

    def do_crash(self, sid: str, _track: str, c: int) -> None:
        if c == 0:
            self.stage.happens(PeerCrashed(sid))

    def do_measure(self, _sid: str, track: str, c: int) -> None:
        self.stage.happens(LevelsMeasured(((track, c / 12),)))

    def do_change_stream(self, sid: str, track: str, c: int) -> None:
        self.stage.happens(StreamStateChanged(sid, track, active=c % 2 == 0))

    def do_kick(self, _sid: str, _track: str, c: int) -> None:
        self.stage.happens(RemovalRequested(PEOPLE[c % 3]) if c else DeletionRequested())

    def do_mute_by_server(self, _sid: str, track: str, c: int) -> None:
        self.stage.happens(MuteRequested(PEOPLE[c % 3], track))

    def do_replace_shares(self, _sid: str, _track: str, c: int) -> None:
        self.stage.happens(SharesReplaced(PEOPLE[c % 3]))

    def do_permit(self, _sid: str, _track: str, c: int) -> None:
        self.stage.happens(UpdateRequested(PEOPLE[c % 3], permission=PERMISSIONS[c % 4]))

    def do_pass_time(self, _sid: str, _track: str, c: int) -> None:
        self.stage.passes(c)

    def end(self) -> None:
        """Everybody goes or is given up, and nothing is left of them."""
        for sid in list(self.stage.room.participants):
            self.do_detach(sid, "", 0)
            self.carry_out()
        self.act("pass_time", 0, 0, 100)

        assert self.ledger.peers == set()
        assert sorted(self.ledger.joined) == sorted(self.ledger.left)
        assert not self.stage.room.tracks
