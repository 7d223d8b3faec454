"""Tell participants what the SFU measures: active speakers and connection quality."""

from collections.abc import Iterable

from moothall.livekit.responses import ConnectionQualityUpdate, SpeakersChanged
from moothall.signalling.commands import Command
from moothall.signalling.events import StatsMeasured
from moothall.signalling.quality import rate_connection
from moothall.signalling.room.participant import Participant
from moothall.signalling.room.roster import Roster, tell
from moothall.signalling.speakers import Speakers


class Measurements:
    def __init__(self, roster: Roster) -> None:
        self._roster = roster
        self._speakers = Speakers()

    def measure_levels(self, levels: Iterable[tuple[str, float]]) -> list[Command]:
        """``levels``: loudness by track sid, 0 … 1."""
        loudest: dict[str, float] = {}
        for track_sid, level in levels:
            one, track = self._roster.find_track(track_sid)
            if one is not None and track is not None and one.visible and not track.muted:
                loudest[one.sid] = max(loudest.get(one.sid, 0.0), level)
        changes = self._speakers.measured(loudest)
        return tell(self._roster.active(), SpeakersChanged(changes)) if changes else []

    def measure_quality(self, one: Participant, event: StatsMeasured) -> list[Command]:
        before = one.quality
        one.quality = rate_connection(loss=event.loss, rtt_ms=event.rtt_ms, jitter_ms=event.jitter_ms)
        report = one.quality_report()
        if report is None or not one.active or (before is not None and before[0] is one.quality[0]):
            return []
        update = ConnectionQualityUpdate((report,))
        if one.permission.hidden:
            return one.session.send(update)
        return tell(self._roster.active(), update)

    def introduce(self, one: Participant) -> list[Command]:
        """Tell a newcomer who speaks, and how well the others are connected."""
        done: list[Command] = []
        if speaking := self._speakers.current():
            done += one.session.send(SpeakersChanged(speaking))
        others = (other for other in self._roster.others(one) if other.visible)
        reports = [report for other in others if (report := other.quality_report())]
        if reports:
            done += one.session.send(ConnectionQualityUpdate(tuple(reports)))
        return done

    def forget(self, sid: str) -> None:
        self._speakers.forget(sid)
