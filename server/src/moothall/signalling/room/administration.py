"""Changes of names, permissions and settings, requested by participants or the server."""

from dataclasses import replace

from moothall.engine import SERVER_ATTRIBUTES
from moothall.livekit.model import ParticipantState, RequestResult, attributes_fit
from moothall.livekit.requests import UpdateMetadata
from moothall.livekit.responses import ParticipantUpdate, RequestAnswered, RoomUpdate
from moothall.livekit.server_requests import PublishingLimited, SettingsRequested, UpdateRequested
from moothall.signalling import commands
from moothall.signalling.commands import Command
from moothall.signalling.events import Moment
from moothall.signalling.room.data import DataRelay
from moothall.signalling.room.measurements import Measurements
from moothall.signalling.room.participant import Participant
from moothall.signalling.room.publications import Publications
from moothall.signalling.room.roster import RoomSettings, Roster, tell
from moothall.signalling.room.subscriptions import Subscriptions


class Administration:
    def __init__(
        self,
        roster: Roster,
        subscriptions: Subscriptions,
        publications: Publications,
        measurements: Measurements,
        data: DataRelay,
    ) -> None:
        self._roster = roster
        self._subscriptions = subscriptions
        self._publications = publications
        self._measurements = measurements
        self._data = data

    def update_metadata(self, one: Participant, request: UpdateMetadata) -> list[Command]:
        """A client changes its own name, metadata or attributes."""
        if not one.permission.can_update_metadata:
            answer = RequestAnswered(request.request_id, RequestResult.NOT_ALLOWED, "does not have permission")
            return one.session.send(answer)
        if any(
            one.attributes.get(name, "") != request.attributes.get(name, "")
            for name in SERVER_ATTRIBUTES & request.attributes.keys()
        ):
            answer = RequestAnswered(request.request_id, RequestResult.NOT_ALLOWED, "the server's attributes")
            return one.session.send(answer)
        if not attributes_fit(one.attributes, request.attributes):
            answer = RequestAnswered(request.request_id, RequestResult.LIMIT_EXCEEDED, "attributes are too large")
            return one.session.send(answer)
        done: list[Command] = []
        # An empty string means "as it is": clients always send all three.
        if one.rename(name=request.name or None, metadata=request.metadata or None, attributes=request.attributes):
            done += [*self._roster.broadcast(one), commands.SendToken(one.sid)]
        return done + one.session.send(RequestAnswered(request.request_id, RequestResult.OK, ""))

    def update_by_server(self, event: UpdateRequested, now: Moment) -> list[Command]:
        one = self._roster.find_participant(event.identity)
        if one is None:
            return []
        was_visible = one.visible
        changed = one.rename(name=event.name, metadata=event.metadata, attributes=event.attributes)
        done: list[Command] = []
        if event.permission is not None and one.grant(event.permission):
            changed = True
            done += self._enforce_permission(one, now)
        if not changed:
            return []
        if was_visible and not one.visible:
            done += self._hide(one)
        done += [*self._roster.broadcast(one), commands.SendToken(one.sid)]
        if was_visible is not one.visible:
            # After the others know of it again.
            done += self._subscriptions.settle_audience(one, now)
        return done

    def limit_publishing(self, event: PublishingLimited, now: Moment) -> list[Command]:
        one = self._roster.find_participant(event.identity)
        if one is None or not one.limit_publishing(event.sources):
            return []
        return [*self._enforce_permission(one, now), *self._roster.broadcast(one)]

    def change_settings(self, event: SettingsRequested) -> list[Command]:
        before, now = self._roster.settings, event
        self._roster.settings = RoomSettings(
            metadata=before.metadata if now.metadata is None else now.metadata,
            max_participants=before.max_participants if now.max_participants is None else now.max_participants,
            empty_timeout=before.empty_timeout if now.empty_timeout is None else now.empty_timeout,
            departure_timeout=before.departure_timeout if now.departure_timeout is None else now.departure_timeout,
            max_screen_shares=before.max_screen_shares if now.max_screen_shares is None else now.max_screen_shares,
        )
        if self._roster.settings == before:
            return []
        return tell(self._roster.participants.values(), RoomUpdate(self._roster.info()))

    def _hide(self, one: Participant) -> list[Command]:
        """To the others it is as if this participant had left.

        If it is seen again, it is as if it had come.
        """
        one.version += 1
        self._measurements.forget(one.sid)
        self._data.forget_author(one.sid)
        for other in self._roster.others(one):
            other.denied -= one.published.keys()
        left = replace(one.describe(), state=ParticipantState.DISCONNECTED, tracks=())
        return tell(self._roster.others(one), ParticipantUpdate((left,)))

    def _enforce_permission(self, one: Participant, now: Moment) -> list[Command]:
        done = self._publications.withdraw_forbidden(one, one.permission, now)
        return done + self._subscriptions.settle_all(one, now)
