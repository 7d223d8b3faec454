"""Carries out what rooms decide: commands to the SFU, to sockets and to the rest of the server."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import assert_never

from moothall.engine import ParticipantJoined, is_check_room
from moothall.engines.embedded.connection import Connection
from moothall.engines.embedded.handles import Asked, Handles, Question
from moothall.engines.embedded.live_room import LiveRoom
from moothall.engines.embedded.reports import Reports
from moothall.engines.embedded.sfu import Sfu, SubscriptionSettings
from moothall.kit.clock import Clock
from moothall.livekit import codec
from moothall.livekit.model import Report, RoomInfo
from moothall.livekit.responses import RefreshToken, State
from moothall.livekit.tokens import AccessToken, TokenSigner
from moothall.signalling import commands
from moothall.signalling.commands import Command
from moothall.signalling.protocols import CandidateProtocols

Announce = Callable[[Report, RoomInfo], None]

_TOKEN_LIFE = timedelta(minutes=10)


class Execution:
    def __init__(
        self,
        sfu: Sfu,
        handles: Handles,
        *,
        signer: TokenSigner,
        clock: Clock,
        reports: Reports,
        announce: Announce | None,
        settled: Callable[[str], None],
    ) -> None:
        """``settled(sid)``: the participant's media is up, or it is gone."""
        self._sfu = sfu
        self._handles = handles
        self._signer = signer
        self._clock = clock
        self._reports = reports
        self._announce = announce
        self._settled = settled
        self.protocols = CandidateProtocols()
        # Sockets that were closed and may still have something to write.
        self.farewells: set[Connection] = set()

    def carry_out(self, live: LiveRoom, command: Command) -> None:  # noqa: C901, PLR0912, PLR0915 - one flat table
        match command:
            case commands.Send(to, response):
                if isinstance(response, State):
                    live.tell(to, response, asyncio.get_running_loop())
                else:
                    live.send(to, response)
            case commands.CloseSocket(sid, code):
                self._close_socket(live, sid, code)
            case commands.SendToken(sid):
                self._send_token(live, sid)
            case commands.AddPeer(sid, is_single, tcp_only):
                peer = self._sfu.add_peer(live.handle, is_single=is_single, tcp_only=tcp_only)
                live.peers[sid] = peer
                self._handles.peers[peer] = (live, sid)
            case commands.RemovePeer(sid):
                self.remove_peer(live, sid)
            case commands.AcceptOffer(sid, _, sdp):
                self._ask(live, command, self._sfu.accept_offer(live.peers[sid], sdp))
            case commands.CreateOffer(sid, restart_ice):
                self._ask(live, command, self._sfu.create_offer(live.peers[sid], restart_ice))
            case commands.RequireSections(sid):
                self._ask(live, command, self._sfu.require_sections(live.peers[sid]))
            case commands.AcceptAnswer(sid, sdp):
                self._ask(live, command, self._sfu.accept_answer(live.peers[sid], sdp))
            case commands.AddCandidate(sid, target, candidate):
                self._sfu.add_candidate(live.peers[sid], target, candidate)
            case commands.PublishTrack():
                self._publish(live, command)
            case commands.PublishBackup(track_sid, mid, codec_name):
                self._sfu.publish_backup(live.tracks[track_sid], mid, codec_name)
            case commands.UnpublishTrack(track_sid):
                self._sfu.unpublish(live.tracks[track_sid])
                self.forget_track(live, track_sid)
            case commands.SetTrackMuted(track_sid, muted):
                self._sfu.set_muted(live.tracks[track_sid], muted)
            case commands.SubscribeTrack(sid, track_sid, stream_id):
                self._sfu.subscribe(live.peers[sid], live.tracks[track_sid], stream_id, track_sid)
            case commands.UnsubscribeTrack(sid, track_sid):
                self._sfu.unsubscribe(live.peers[sid], live.tracks[track_sid])
            case commands.ConfigureSubscription():
                settings = SubscriptionSettings(
                    enabled=command.enabled,
                    max_layer=command.max_layer,
                    max_fps=command.max_fps,
                    priority=command.priority,
                )
                self._sfu.set_subscription(live.peers[command.sid], live.tracks[command.track_sid], settings)
            case commands.LimitVideo(sid, bits_per_second):
                self._sfu.limit_video(live.peers[sid], bits_per_second)
            case commands.RememberProtocol(identity, protocol):
                self.protocols.remember(live.room.name, identity, protocol, self._clock.monotonic())
            case commands.SendData(to, reliable, identity, sender_sid, message):
                payload = codec.encode_data(message, reliable=reliable, identity=identity, sid=sender_sid)
                self._sfu.send_data([live.peers[sid] for sid in to], reliable, payload)
            case Report(event):
                if isinstance(event, ParticipantJoined):
                    self._settled(event.sid)
                self._reports.add(event)
                if self._announce is not None and not is_check_room(event.room):
                    self._announce(command, live.room.info())
            case _:
                assert_never(command)

    def remove_peer(self, live: LiveRoom, sid: str) -> None:
        peer = live.peers.pop(sid)
        self._handles.peers.pop(peer, None)
        live.connections.pop(sid, None)
        self._settled(sid)
        self._sfu.remove_peer(peer)

    def forget_track(self, live: LiveRoom, track_sid: str) -> None:
        self._handles.tracks.pop(live.tracks.pop(track_sid), None)

    def _ask(self, live: LiveRoom, command: Question, request: int) -> None:
        self._handles.asked[request] = Asked(live, command)

    def _publish(self, live: LiveRoom, command: commands.PublishTrack) -> None:
        track = self._sfu.publish(
            live.peers[command.sid], command.mid, command.kind, is_screen=command.is_screen, codec=command.codec
        )
        live.tracks[command.track_sid] = track
        self._handles.tracks[track] = (live, command.track_sid)
        if command.muted:
            self._sfu.set_muted(track, True)

    def _close_socket(self, live: LiveRoom, sid: str, code: int) -> None:
        connection = live.connections.pop(sid, None)
        if connection is None:
            return
        connection.close(code)
        self.farewells = {one for one in self.farewells if not one.finished.is_set()}
        self.farewells.add(connection)

    def _send_token(self, live: LiveRoom, sid: str) -> None:
        participant = live.room.participants.get(sid)
        connection = live.connections.get(sid)
        if participant is None or connection is None:
            return
        token = AccessToken(
            room=live.room.name,
            identity=participant.identity,
            name=participant.name,
            metadata=participant.metadata,
            attributes=participant.attributes,
            # The meeting's limits are asked for anew at each connection.
            permission=participant.granted,
            kind=participant.kind,
            kind_details=participant.kind_details,
        )
        connection.send(RefreshToken(self._signer.renew(token, self._clock.now(), _TOKEN_LIFE)))
