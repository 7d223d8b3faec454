"""The tracks that participants publish.

A track is *pending* after ``add_track``, *bound* when a media section of the publisher's offer
carries it, and *announced* to the others when its first packet arrived, or at once when it is muted
and no packet can be expected.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from moothall import engine
from moothall.livekit import limits
from moothall.livekit.model import Kind, Permission, Report, RequestResult, TrackSource
from moothall.livekit.requests import AddTrack, MuteTrack
from moothall.livekit.responses import RequestAnswered, TrackPublished, TrackUnpublished
from moothall.signalling import commands
from moothall.signalling.commands import Command
from moothall.signalling.events import Moment, OfferAccepted, Section
from moothall.signalling.room.dynacast import Dynacast
from moothall.signalling.room.participant import Participant
from moothall.signalling.room.roster import Roster
from moothall.signalling.room.subscriptions import Subscriptions
from moothall.signalling.room.track import Track
from moothall.signalling.sdp import forbid_redundancy, prefer_codecs

_SOURCE_LETTERS = {
    TrackSource.MICROPHONE: "M",
    TrackSource.CAMERA: "C",
    TrackSource.SCREEN_SHARE: "S",
    TrackSource.SCREEN_SHARE_AUDIO: "s",
}
_SCREEN_SOURCES = (TrackSource.SCREEN_SHARE, TrackSource.SCREEN_SHARE_AUDIO)
_KINDS: Mapping[TrackSource, tuple[Kind, ...]] = {
    TrackSource.UNKNOWN: ("audio", "video"),
    TrackSource.MICROPHONE: ("audio",),
    TrackSource.CAMERA: ("video",),
    TrackSource.SCREEN_SHARE: ("video",),
    TrackSource.SCREEN_SHARE_AUDIO: ("audio",),
}


class Publications:
    """``fresh_id(prefix)`` gives unguessable ids such as ``TR_AMx7…``."""

    def __init__(
        self, roster: Roster, dynacast: Dynacast, subscriptions: Subscriptions, fresh_id: Callable[[str], str]
    ) -> None:
        self._roster = roster
        self._dynacast = dynacast
        self._subscriptions = subscriptions
        self._fresh_id = fresh_id
        # For whom a place for a screen is kept, and until when (monotonic seconds).
        self._promise: tuple[str, float] = ("", -math.inf)

    # ---- Requests of a client --------------------------------------------------------------------

    def add_track(self, one: Participant, request: AddTrack, now: Moment) -> list[Command]:
        if request.sid:
            return self._add_backup(one, request, now)
        known = next((track for track in one.pending.values() if track.request.cid == request.cid), None)
        if known is not None and one.permission.allows_source(request.source):
            return one.session.send(TrackPublished(request.cid, known.info()))
        one.note_asked(request.cid)
        refusal = self._refuse(one, request, now)
        if refusal is not None:
            result, why = refusal
            return one.session.send(RequestAnswered(0, result, why, request))
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
        self._roster.tracks[track.sid] = (one, track)
        return [*one.session.send(TrackPublished(request.cid, track.info())), *self._bind_pending(one, now)]

    def _refuse(self, one: Participant, request: AddTrack, now: Moment) -> tuple[RequestResult, str] | None:
        if request.kind not in _KINDS[request.source]:
            # Otherwise who may only show their camera could speak with it.
            return RequestResult.INVALID_REQUEST, "this source is of another kind"
        if not one.permission.allows_source(request.source):
            return RequestResult.NOT_ALLOWED, "not permitted to publish this source"
        if len(one.pending) + len(one.published) >= limits.MAX_TRACKS:
            return RequestResult.LIMIT_EXCEEDED, f"more than {limits.MAX_TRACKS} tracks"
        most = self._roster.settings.max_screen_shares or limits.MAX_SCREENS
        if request.source is TrackSource.SCREEN_SHARE:
            kept = self._promised(now) not in ("", one.identity)
            if self._count_screens() + kept >= most:
                return RequestResult.LIMIT_EXCEEDED, f"more than {most} screens are shared"
            if not kept:
                self._promise = ("", -math.inf)
        return None

    def _count_screens(self) -> int:
        return sum(track.request.source is TrackSource.SCREEN_SHARE for _, track in self._roster.tracks.values())

    def _promised(self, now: Moment) -> str:
        """The identity of the participant for whom a place for a screen is kept, or empty."""
        identity, until = self._promise
        return identity if now.seconds < until and self._roster.find_participant(identity) is not None else ""

    def _add_backup(self, one: Participant, request: AddTrack, now: Moment) -> list[Command]:
        """A published track is to come in a second codec as well."""
        track = one.published.get(request.sid)
        if track is None:
            return one.session.send(RequestAnswered(0, RequestResult.NOT_FOUND, "no such track", request))
        codec = request.codecs[0] if request.codecs else None
        if codec is None or codec.name == track.codec:
            refusal = RequestAnswered(0, RequestResult.INVALID_REQUEST, "a backup is in another codec", request)
            return one.session.send(refusal)
        if track.backup is None or not track.backup.mid:
            mime_type = f"{track.kind}/{codec.mime_type.partition('/')[2]}"
            track.backup = replace(codec, mime_type=mime_type, cid=request.cid)
        return [*one.session.send(TrackPublished(request.cid, track.info())), *self._bind_pending(one, now)]

    def mute(self, one: Participant, track_sid: str, now: Moment, *, muted: bool) -> list[Command]:
        track = one.track(track_sid)
        if track is None or track.muted == muted:
            return []
        track.muted = muted
        if not track.mid:
            return []
        done: list[Command] = [commands.SetTrackMuted(track_sid, muted)]
        if track.announced:
            return done + self._roster.broadcast(one, to_self=False)
        return done + self._announce(one, track, now)

    def change_track(
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
        return self._roster.broadcast(one, to_self=False) if track.announced else []

    # ---- Requests of the server ------------------------------------------------------------------

    def mute_by_server(self, identity: str, track_sid: str, now: Moment) -> list[Command]:
        one = self._roster.find_participant(identity)
        track = one.track(track_sid) if one is not None else None
        if one is None or track is None or track.muted:
            return []
        return [*one.session.send(MuteTrack(track_sid, muted=True)), *self.mute(one, track_sid, now, muted=True)]

    def sharers(self, now: Moment) -> frozenset[str]:
        """The identities of those who share a screen, or for whom a place for one is kept."""
        sharing = {
            one.identity
            for one, track in self._roster.tracks.values()
            if track.request.source is TrackSource.SCREEN_SHARE
        }
        return frozenset(sharing | {self._promised(now)} - {""})

    def replace_screens(self, identity: str, now: Moment) -> list[Command]:
        """End everybody else's shared screens, and keep the place for this participant."""
        self._promise = (identity, now.seconds + limits.SCREEN_PLACE_KEPT)
        done: list[Command] = []
        for one, track in list(self._roster.tracks.values()):
            if one.identity != identity and track.request.source in _SCREEN_SOURCES:
                # Clients take a share that is muted for them to be over.
                done += one.session.send(MuteTrack(track.sid, muted=True))
                done += one.session.send(TrackUnpublished(track.sid))
                done += self._withdraw(one, track, now)
        return done

    def withdraw_forbidden(self, one: Participant, permission: Permission, now: Moment) -> list[Command]:
        """End the tracks that this permission does not allow."""
        done: list[Command] = []
        for track in [*one.pending.values(), *one.published.values()]:
            if not permission.allows_source(track.request.source):
                done += one.session.send(TrackUnpublished(track.sid))
                done += self._withdraw(one, track, now)
        return done

    # ---- The course of a track -------------------------------------------------------------------

    def accept_offer(self, one: Participant, event: OfferAccepted, now: Moment) -> list[Command]:
        """The SFU accepted an offer of the publisher: its sections may carry tracks."""
        done = self._match_sections(one, event.sections, now)
        asked_for = {track.mid: track.request.codec for track in one.published.values()}
        asked_for |= {track.backup.mid: track.backup.name for track in one.published.values() if track.backup}
        plain = {track.mid for track in one.published.values() if track.forbids_redundancy}
        answer = forbid_redundancy(prefer_codecs(event.sdp, asked_for), plain)
        said = one.session.offer_accepted(event.offer_id, answer, event.tracks, needs_offer=event.needs_offer)
        if event.tracks:
            one.reminders = [now.seconds + pause for pause in limits.PAUSED_REMINDERS]
        # The consequences of the sections are sent after the answer.
        return [
            *said,
            *done,
            *self._subscriptions.tell_received(event.tracks),
            *self._subscriptions.settle_released(one, now),
        ]

    def go_live(self, track_sid: str, mime_type: str, now: Moment) -> list[Command]:
        """The first packet of a track arrived."""
        one, track = self._roster.find_track(track_sid)
        if one is None or track is None:
            return []
        track.live = True
        if not track.mime_type:
            track.mime_type = mime_type
            if track.announced:
                # It was muted when it was announced: what it really is shows only now.
                return self._roster.broadcast(one, to_self=False)
        return self._announce(one, track, now)

    def announce_all(self, one: Participant, now: Moment) -> list[Command]:
        done: list[Command] = []
        for track in list(one.published.values()):
            done += self._announce(one, track, now)
        return done

    def withdraw_all(self, one: Participant, now: Moment) -> list[Command]:
        done: list[Command] = []
        for track in [*one.pending.values(), *one.published.values()]:
            done += self._withdraw(one, track, now)
        return done

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
            if track.backup is not None and track.backup.mid and sending.pop(track.backup.mid, None) is None:
                track.backup = None
                done += self._roster.broadcast(one, to_self=False) if track.announced else []
            if section.track_id in pending_ids and section.track_id != track.request.cid:
                # The section was reused for another track.
                done += self._withdraw(one, track, now)
                sending[section.mid] = section
        one.spare_sections = sending
        return done + self._bind_pending(one, now)

    def _bind_pending(self, one: Participant, now: Moment) -> list[Command]:
        done: list[Command] = []
        offered_ids = frozenset(section.track_id for section in one.spare_sections.values() if section.track_id)
        backup_ids = {track.backup.cid for track in one.published.values() if track.backup}
        for section in list(one.spare_sections.values()):
            if section.track_id in backup_ids:
                continue
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
                    codec=track.request.codec,
                )
            )
            done += self._announce(one, track, now)
        return done + self._bind_backups(one, offered_ids)

    def _bind_backups(self, one: Participant, offered_ids: frozenset[str]) -> list[Command]:
        """Bind backups to the sections that are left.

        The one that names it, or the first of its kind if none does.
        """
        done: list[Command] = []
        for track in one.published.values():
            backup = track.backup
            if backup is None or backup.mid:
                continue
            spare = [section for section in one.spare_sections.values() if section.kind == track.kind]
            named = [section for section in spare if section.track_id == backup.cid]
            found = named or ([] if backup.cid in offered_ids else spare)
            if found:
                del one.spare_sections[found[0].mid]
                track.backup = replace(backup, mid=found[0].mid)
                done.append(commands.PublishBackup(track.sid, found[0].mid, backup.name))
                done += self._roster.broadcast(one, to_self=False) if track.announced else []
        return done

    def _announce(self, one: Participant, track: Track, now: Moment) -> list[Command]:
        """Announce a track once its owner is active and packets flow or are not expected."""
        if track.announced or not track.mid or not one.active or not (track.live or track.muted):
            return []
        track.announced = True
        done = self._roster.broadcast(one, to_self=False)
        published = engine.TrackPublished(self._roster.name, one.identity, track.sid, track.source_name, now.at)
        done.append(Report(published, one.info(), track.info()))
        for other in self._roster.others(one):
            done += self._subscriptions.settle(other, one, track, now)
        self._dynacast.reconsider(track, now)
        return done

    def _withdraw(self, one: Participant, track: Track, now: Moment) -> list[Command]:
        """Take a track away from everybody; while its owner stays, the others are told."""
        one.pending.pop(track.sid, None)
        one.published.pop(track.sid, None)
        self._roster.tracks.pop(track.sid, None)
        done = self._subscriptions.drop_track(track)
        if track.mid:
            done.append(commands.UnpublishTrack(track.sid))
        if track.announced:
            track.announced = False
            if one.sid in self._roster.participants:
                done += self._roster.broadcast(one, to_self=False)
            gone = engine.TrackUnpublished(self._roster.name, one.identity, track.sid, track.source_name, now.at)
            done.append(Report(gone, one.describe(), track.info()))
        return done
