"""Decide which participant receives which track.

Five facts decide whether a participant receives an announced track: it may subscribe, it wants the
track, the publisher admits it, the publisher is visible, and the track is not its own. ``settle``
compares them with what is, and is called whenever one may have changed.
"""

from collections.abc import Mapping

from moothall.livekit.requests import SubscriptionPermission, UpdateSubscription, UpdateTrackSettings
from moothall.livekit.responses import (
    StreamState,
    StreamStateUpdate,
    SubscriptionFailed,
    SubscriptionPermissionUpdate,
    TrackSubscribed,
)
from moothall.signalling import commands
from moothall.signalling.commands import Command
from moothall.signalling.events import Moment
from moothall.signalling.room.dynacast import Dynacast
from moothall.signalling.room.participant import Participant
from moothall.signalling.room.roster import Roster
from moothall.signalling.room.track import Track


class Subscriptions:
    def __init__(self, roster: Roster, dynacast: Dynacast) -> None:
        self._roster = roster
        self._dynacast = dynacast

    # ---- Requests of a client --------------------------------------------------------------------

    def update(self, one: Participant, request: UpdateSubscription, now: Moment) -> list[Command]:
        done: list[Command] = []
        for track_sid in request.track_sids:
            publisher, track = self._roster.find_track(track_sid)
            choice = one.choice(track_sid) if track is not None else None
            if publisher is None or track is None or choice is None or publisher is one:
                if request.subscribe:
                    done += one.session.send(SubscriptionFailed(track_sid))
                continue
            choice.subscribe = request.subscribe
            done += self.settle(one, publisher, track, now)
        return done

    def update_settings(self, one: Participant, request: UpdateTrackSettings, now: Moment) -> list[Command]:
        done: list[Command] = []
        for track_sid in request.track_sids:
            _, track = self._roster.find_track(track_sid)
            choice = one.choice(track_sid) if track is not None else None
            if track is None or choice is None or choice.settings == request:
                continue
            choice.settings = request
            if track_sid in one.subscribed:
                done += [_configure(one, track), *self._dynacast.raise_quality(one, track)]
                self._dynacast.reconsider(track, now)
        return done

    def change_audience(self, publisher: Participant, request: SubscriptionPermission, now: Moment) -> list[Command]:
        publisher.audience = request
        return self.settle_audience(publisher, now)

    # ---- Making it so ----------------------------------------------------------------------------

    def settle(self, subscriber: Participant, publisher: Participant, track: Track, now: Moment) -> list[Command]:
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
            # ``settle_released`` subscribes once the client has let go of it.
            is_under_way = subscriber.released[track.sid] <= subscriber.session.offers_asked
            return done if is_under_way else done + subscriber.session.negotiate()
        if should:
            subscriber.subscribed.add(track.sid)
            stream_id = f"{publisher.sid}|{track.sid}"
            done.append(commands.SubscribeTrack(subscriber.sid, track.sid, stream_id))
            # A client that has stated nothing begins low and climbs, which is the SFU's business.
            if track.kind == "video" and subscriber.has_settings_for(track):
                done.append(_configure(subscriber, track))
            done += self._dynacast.raise_quality(subscriber, track)
            return done + subscriber.session.negotiate()
        subscriber.subscribed.discard(track.sid)
        subscriber.paused.discard(track.sid)
        track.on_backup.discard(subscriber.sid)
        # An offer that is being made or answered does not know of it yet.
        subscriber.released[track.sid] = subscriber.session.offers_asked + 1
        self._dynacast.reconsider(track, now)
        subscriber.session.negotiate_later()
        return [*done, commands.UnsubscribeTrack(subscriber.sid, track.sid)]

    def settle_released(self, subscriber: Participant, now: Moment) -> list[Command]:
        """Tracks that an offer has taken away may come again."""
        done: list[Command] = []
        gone = [sid for sid, offer in subscriber.released.items() if offer <= subscriber.session.offers_done]
        for track_sid in gone:
            del subscriber.released[track_sid]
            publisher, track = self._roster.tracks[track_sid]
            done += self.settle(subscriber, publisher, track, now)
        return done

    def settle_audience(self, publisher: Participant, now: Moment) -> list[Command]:
        """Settle what everybody receives of this publisher."""
        done: list[Command] = []
        for track in publisher.announced_tracks():
            for other in self._roster.others(publisher):
                done += self.settle(other, publisher, track, now)
        return done

    def settle_all(self, subscriber: Participant, now: Moment) -> list[Command]:
        """Settle what this subscriber receives of everybody."""
        done: list[Command] = []
        for publisher, track in self._roster.tracks.values():
            if track.announced and publisher is not subscriber:
                done += self.settle(subscriber, publisher, track, now)
        return done

    def drop_track(self, track: Track) -> list[Command]:
        """The track is going: nobody receives it any more."""
        done: list[Command] = []
        self._dynacast.forget(track.sid)
        for other in self._roster.participants.values():
            other.choices.pop(track.sid, None)
            other.denied.discard(track.sid)
            other.released.pop(track.sid, None)
            if track.sid in other.subscribed:
                other.subscribed.discard(track.sid)
                other.paused.discard(track.sid)
                done.append(commands.UnsubscribeTrack(other.sid, track.sid))
                other.session.negotiate_later()
        return done

    def drop_subscriber(self, one: Participant, now: Moment) -> None:
        """The participant is going: less may be wanted of what it received."""
        for track_sid in one.subscribed:
            _, track = self._roster.tracks[track_sid]
            track.on_backup.discard(one.sid)
            self._dynacast.reconsider(track, now)

    # ---- What is received ------------------------------------------------------------------------

    def tell_received(self, tracks: Mapping[str, str]) -> list[Command]:
        """Tell publishers that somebody receives their tracks, the first time it is so.

        ``tracks``: mid to track sid.
        """
        done: list[Command] = []
        for track_sid in tracks.values():
            publisher, track = self._roster.find_track(track_sid)
            if publisher is not None and track is not None and not track.received:
                track.received = True
                done += publisher.session.send(TrackSubscribed(track_sid))
        return done

    def change_stream(self, one: Participant, track_sid: str, *, active: bool) -> list[Command]:
        """The SFU pauses a subscribed track for want of bandwidth, or goes on with it."""
        if track_sid not in one.subscribed:
            return []
        (one.paused.discard if active else one.paused.add)(track_sid)
        publisher, _ = self._roster.tracks[track_sid]
        return one.session.send(StreamStateUpdate((StreamState(publisher.sid, track_sid, active),)))

    def change_codec(self, one: Participant, track_sid: str, mime_type: str, now: Moment) -> list[Command]:
        """The SFU changed the codec of a subscribed track, or has none for this subscriber."""
        if track_sid not in one.subscribed:
            return []
        _, track = self._roster.tracks[track_sid]
        is_first = mime_type.rpartition("/")[2].lower() == track.codec
        (track.on_backup.discard if is_first else track.on_backup.add)(one.sid)
        self._dynacast.reconsider(track, now)
        return self._dynacast.raise_quality(one, track)

    def remind_of_paused(self, one: Participant, now: Moment) -> list[Command]:
        if not one.reminders or now.seconds < one.reminders[0]:
            return []
        one.reminders = [at for at in one.reminders if at > now.seconds]
        paused = sorted(one.paused & one.subscribed)
        streams = tuple(StreamState(self._roster.tracks[sid][0].sid, sid, active=False) for sid in paused)
        return one.session.send(StreamStateUpdate(streams)) if streams else []

    def repeat_streams(self, one: Participant) -> list[Command]:
        """The state of every stream, for a resumed client: it may have missed changes."""
        if not one.subscribed:
            return []
        tracks = self._roster.tracks
        streams = (StreamState(tracks[sid][0].sid, sid, sid not in one.paused) for sid in sorted(one.subscribed))
        return one.session.send(StreamStateUpdate(tuple(streams)))


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
