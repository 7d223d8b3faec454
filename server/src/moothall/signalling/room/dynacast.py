"""Dynacast: publishers encode only layers that somebody watches.

They encode a backup codec only if a subscriber needs it.

A publisher hears at once when more is wanted, and after ``DYNACAST_LOWERING_DELAY`` when less is.
"""

from moothall.livekit import limits
from moothall.livekit.model import VideoQuality
from moothall.livekit.responses import SubscribedAudioCodecUpdate, SubscribedQualityUpdate
from moothall.signalling.commands import Command
from moothall.signalling.events import Moment
from moothall.signalling.room.participant import Participant
from moothall.signalling.room.roster import Roster
from moothall.signalling.room.track import Track


class Dynacast:
    def __init__(self, roster: Roster) -> None:
        self._roster = roster
        # Tracks of which less may be wanted, and since when (monotonic seconds).
        self._reconsidered: dict[str, float] = {}

    def raise_quality(self, subscriber: Participant, track: Track) -> list[Command]:
        """Tell the publisher at once when this subscriber wants more than it was told to encode."""
        settings = subscriber.settings_for(track)
        on_backup = subscriber.sid in track.on_backup
        if settings.disabled or (track.kind == "audio" and not on_backup) or (on_backup and not track.backup_codec):
            return []
        wanted = track.quality_for(settings) if track.kind == "video" else VideoQuality.HIGH
        if on_backup:
            if _rank(wanted) <= _rank(track.told_backup_quality):
                return []
            return self._tell_quality(track, track.told_quality, wanted)
        if _rank(wanted) <= _rank(track.told_quality):
            return []
        return self._tell_quality(track, wanted, track.told_backup_quality)

    def reconsider(self, track: Track, now: Moment) -> None:
        """Less may be wanted now. The publisher is told after a while, if it is still so."""
        if track.kind == "video" or track.told_backup_quality is not VideoQuality.OFF:
            self._reconsidered.setdefault(track.sid, now.seconds)

    def forget(self, track_sid: str) -> None:
        self._reconsidered.pop(track_sid, None)

    def lower_qualities(self, now: Moment) -> list[Command]:
        done: list[Command] = []
        for track_sid, since in list(self._reconsidered.items()):
            if now.seconds - since < limits.DYNACAST_LOWERING_DELAY:
                continue
            del self._reconsidered[track_sid]
            _, track = self._roster.find_track(track_sid)
            if track is not None:
                done += self._lower_quality(track)
        return done

    def _lower_quality(self, track: Track) -> list[Command]:
        first = min(self._wanted_quality(track, on_backup=False), track.told_quality, key=_rank)
        backup = min(self._wanted_quality(track, on_backup=True), track.told_backup_quality, key=_rank)
        if (first, backup) == (track.told_quality, track.told_backup_quality):
            return []
        return self._tell_quality(track, first, backup)

    def _tell_quality(self, track: Track, first: VideoQuality, backup: VideoQuality) -> list[Command]:
        track.told_quality, track.told_backup_quality = first, backup
        publisher, _ = self._roster.tracks[track.sid]
        if track.kind == "audio":
            codecs = ((track.codec, True), (track.backup_codec, backup is not VideoQuality.OFF))
            return publisher.session.send(SubscribedAudioCodecUpdate(track.sid, codecs))
        backups = ((track.backup_codec, backup),) if track.backup_codec else ()
        return publisher.session.send(SubscribedQualityUpdate(track.sid, track.codec, first, backups))

    def _wanted_quality(self, track: Track, *, on_backup: bool) -> VideoQuality:
        """Sound is always wanted in its first codec."""
        if track.kind == "audio" and not on_backup:
            return VideoQuality.HIGH
        wanted = [
            track.quality_for(settings)
            for one in self._roster.participants.values()
            if track.sid in one.subscribed
            and (one.sid in track.on_backup) is on_backup
            and not (settings := one.settings_for(track)).disabled
        ]
        return max(wanted, key=_rank, default=VideoQuality.OFF)


def _rank(quality: VideoQuality) -> int:
    return -1 if quality is VideoQuality.OFF else int(quality)
