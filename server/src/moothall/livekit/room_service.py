"""LiveKit's RoomService on the embedded engine.

What a server with the LiveKit key may see and do of running rooms.

The rooms are those of the Meetings API, named by their ids; see docs/protocol.md, "Server API", for
what that means for each method. Who may do what is in the token, as with livekit-server:
``roomCreate`` to create and delete, ``roomList`` to list, ``roomAdmin`` of that very room for
everything else. This module, ``twirp``, ``webhooks`` and ``codec`` are the ones that know the
generated protobuf code.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol

from google.protobuf.message import Message
from livekit.protocol import models as pb_models
from livekit.protocol import room as pb
from starlette.routing import BaseRoute

from moothall.engine import Ender, Remover
from moothall.livekit import codec, limits
from moothall.livekit.model import ParticipantInfo, Permission, RoomInfo, TrackInfo, TrackSource, attributes_fit
from moothall.livekit.requests import UpdateSubscription
from moothall.livekit.server_requests import (
    BroadcastRequested,
    MuteRequested,
    ServerRequest,
    SettingsRequested,
    SubscriptionRequested,
    UpdateRequested,
)
from moothall.livekit.tokens import ServerGrant
from moothall.livekit.twirp import Method, TwirpError, twirp_routes

_SERVICE = "livekit.RoomService"
_SOURCES = {int(source): source for source in TrackSource if source is not TrackSource.UNKNOWN}


class ServedRooms(Protocol):
    """The rooms of an engine, as the server API sees and changes them."""

    def authenticate_server(self, token: str) -> ServerGrant:
        """Raises TokenRejected."""
        ...

    def room_infos(self) -> Sequence[RoomInfo]:
        """Rooms that somebody is in, and rooms that were prepared."""
        ...

    def room_info(self, room: str) -> RoomInfo | None: ...

    def participant_infos(self, room: str) -> Sequence[ParticipantInfo]:
        """Empty when there is no such room."""
        ...

    def participant_info(self, room: str, identity: str) -> ParticipantInfo | None: ...

    def track_info(self, room: str, identity: str, track_sid: str) -> TrackInfo | None: ...

    def prepare_room(self, room: str, settings: SettingsRequested) -> RoomInfo | None:
        """The room, which is made and kept for its empty timeout if it is not there.

        None when too many are kept already.
        """
        ...

    def request(self, room: str, event: ServerRequest) -> bool:
        """Let the room do what the server API asks. False when there is no such room."""
        ...


def room_service_routes(rooms: ServedRooms, remove: Remover, end: Ender) -> Sequence[BaseRoute]:
    service = RoomService(rooms, remove, end)
    methods = {
        "CreateRoom": _unbound(_may_create, pb.CreateRoomRequest, service.create_room),
        "ListRooms": _unbound(_may_list, pb.ListRoomsRequest, service.list_rooms),
        "DeleteRoom": _unbound(_may_create, pb.DeleteRoomRequest, service.delete_room),
        "ListParticipants": _of_room(pb.ListParticipantsRequest, service.list_participants),
        "GetParticipant": _of_room(pb.RoomParticipantIdentity, service.get_participant),
        "RemoveParticipant": _of_room(pb.RoomParticipantIdentity, service.remove_participant),
        "MutePublishedTrack": _of_room(pb.MuteRoomTrackRequest, service.mute_published_track),
        "UpdateParticipant": _of_room(pb.UpdateParticipantRequest, service.update_participant),
        "UpdateSubscriptions": _of_room(pb.UpdateSubscriptionsRequest, service.update_subscriptions),
        "SendData": _of_room(pb.SendDataRequest, service.send_data),
        "UpdateRoomMetadata": _of_room(pb.UpdateRoomMetadataRequest, service.update_room_metadata),
        "ForwardParticipant": _of_room(
            pb.ForwardParticipantRequest, _unimplemented("participants are not forwarded between rooms")
        ),
        "MoveParticipant": _of_room(
            pb.MoveParticipantRequest, _unimplemented("participants are not moved between rooms")
        ),
        "PerformRpc": _of_room(pb.PerformRpcRequest, _unimplemented("the server calls no methods of participants")),
    }
    return twirp_routes(_SERVICE, methods, rooms.authenticate_server)


class RoomService:
    """Every method raises TwirpError."""

    def __init__(self, rooms: ServedRooms, remove: Remover, end: Ender) -> None:
        self._rooms = rooms
        self._remove = remove
        self._end = end

    async def create_room(self, request: pb.CreateRoomRequest) -> pb_models.Room:
        if not request.name:
            raise TwirpError("invalid_argument", "no room name")
        _bound(request.name, limits.MAX_ROOM_BYTES, "room name length exceeds limits")
        _bound(request.metadata, limits.MAX_METADATA_BYTES, "metadata size exceeds limits")
        known = self._rooms.room_info(request.name)
        settings = SettingsRequested(
            metadata=request.metadata or None,
            max_participants=request.max_participants or None,
            empty_timeout=_timeout(request.empty_timeout, None if known else limits.DEFAULT_EMPTY_TIMEOUT),
            departure_timeout=_timeout(request.departure_timeout, None if known else limits.DEFAULT_DEPARTURE_TIMEOUT),
        )
        room = self._rooms.prepare_room(request.name, settings)
        if room is None:
            raise TwirpError("resource_exhausted", f"more than {limits.MAX_PREPARED_ROOMS} rooms nobody is in")
        return codec.write_room(room)

    async def list_rooms(self, request: pb.ListRoomsRequest) -> pb.ListRoomsResponse:
        names = set(request.names)
        rooms = [room for room in self._rooms.room_infos() if not names or room.name in names]
        return pb.ListRoomsResponse(rooms=[codec.write_room(room) for room in rooms])

    async def delete_room(self, request: pb.DeleteRoomRequest) -> pb.DeleteRoomResponse:
        if not await self._end(request.room):
            raise _no_room()
        return pb.DeleteRoomResponse()

    async def list_participants(self, request: pb.ListParticipantsRequest) -> pb.ListParticipantsResponse:
        participants = self._rooms.participant_infos(request.room)
        return pb.ListParticipantsResponse(participants=[codec.write_participant(one) for one in participants])

    async def get_participant(self, request: pb.RoomParticipantIdentity) -> pb_models.ParticipantInfo:
        return codec.write_participant(self._find(request.room, request.identity))

    async def remove_participant(self, request: pb.RoomParticipantIdentity) -> pb.RemoveParticipantResponse:
        if not await self._remove(request.room, request.identity):
            raise _no_participant()
        return pb.RemoveParticipantResponse()

    async def mute_published_track(self, request: pb.MuteRoomTrackRequest) -> pb.MuteRoomTrackResponse:
        track = self._find_track(request.room, request.identity, request.track_sid)
        if not request.muted and track.muted:
            raise TwirpError("failed_precondition", "remote unmute not enabled")
        if request.muted:
            self._request(request.room, MuteRequested(request.identity, request.track_sid))
            track = self._find_track(request.room, request.identity, request.track_sid)
        return pb.MuteRoomTrackResponse(track=codec.write_track(track))

    async def update_participant(self, request: pb.UpdateParticipantRequest) -> pb_models.ParticipantInfo:
        one = self._find(request.room, request.identity)
        _bound(request.metadata, limits.MAX_METADATA_BYTES, "metadata size exceeds limits")
        _bound(request.name, limits.MAX_NAME_BYTES, "name length exceeds limits")
        if not attributes_fit(one.attributes, request.attributes):
            raise TwirpError("invalid_argument", "attribute size exceeds limits")
        event = UpdateRequested(
            request.identity,
            name=request.name or None,
            metadata=request.metadata or None,
            attributes=dict(request.attributes),
            permission=_permission(request.permission) if request.HasField("permission") else None,
        )
        self._request(request.room, event)
        return codec.write_participant(self._find(request.room, request.identity))

    async def update_subscriptions(self, request: pb.UpdateSubscriptionsRequest) -> pb.UpdateSubscriptionsResponse:
        self._find(request.room, request.identity)
        sids = [*request.track_sids, *(sid for tracks in request.participant_tracks for sid in tracks.track_sids)]
        if len(sids) > limits.MAX_TRACK_SIDS_PER_REQUEST:
            raise TwirpError("invalid_argument", f"more than {limits.MAX_TRACK_SIDS_PER_REQUEST} tracks")
        wanted = UpdateSubscription(tuple(sids), request.subscribe)
        self._request(request.room, SubscriptionRequested(request.identity, wanted))
        return pb.UpdateSubscriptionsResponse()

    async def send_data(self, request: pb.SendDataRequest) -> pb.SendDataResponse:
        if len(request.data) > limits.MAX_DATA_BYTES:
            raise TwirpError("invalid_argument", f"a data packet has at most {limits.MAX_DATA_BYTES} bytes")
        _bound(request.topic, limits.MAX_SHORT_STRING_BYTES, "topic length exceeds limits")
        message = codec.server_data(
            request.data,
            topic=request.topic,
            to=request.destination_identities,
            to_sids=request.destination_sids,
            nonce=request.nonce[: limits.MAX_SHORT_STRING_BYTES],
        )
        reliable = request.kind == pb_models.DataPacket.RELIABLE
        self._request(request.room, BroadcastRequested(reliable, message))
        return pb.SendDataResponse()

    async def update_room_metadata(self, request: pb.UpdateRoomMetadataRequest) -> pb_models.Room:
        _bound(request.metadata, limits.MAX_METADATA_BYTES, "metadata size exceeds limits")
        self._request(request.room, SettingsRequested(metadata=request.metadata))
        room = self._rooms.room_info(request.room)
        if room is None:
            raise _no_room()
        return codec.write_room(room)

    def _request(self, room: str, event: ServerRequest) -> None:
        if not self._rooms.request(room, event):
            raise _no_room()

    def _find(self, room: str, identity: str) -> ParticipantInfo:
        one = self._rooms.participant_info(room, identity)
        if one is None:
            raise _no_participant()
        return one

    def _find_track(self, room: str, identity: str, track_sid: str) -> TrackInfo:
        self._find(room, identity)
        track = self._rooms.track_info(room, identity, track_sid)
        if track is None:
            raise TwirpError("not_found", "track is not found")
        return track


def _unimplemented(why: str) -> Callable[[Any], Awaitable[Message]]:
    async def refuse(_message: Any) -> Message:
        raise TwirpError("unimplemented", why)

    return refuse


def _may_create(grant: ServerGrant) -> bool:
    return grant.room_create


def _may_list(grant: ServerGrant) -> bool:
    return grant.room_list


def _may_administer(grant: ServerGrant) -> bool:
    return grant.room_admin


def _unbound(
    is_granted: Callable[[ServerGrant], bool], request: type[Message], call: Callable[[Any], Awaitable[Message]]
) -> Method:
    """A method that is not about the token's own room."""
    return Method(is_granted, request, lambda _grant, message: call(message))


def _of_room(request: type[Message], call: Callable[[Any], Awaitable[Message]]) -> Method:
    """A method that is about the very room that the token is for."""

    async def checked(grant: ServerGrant, message: Any) -> Message:
        if not message.room or grant.room != message.room:
            raise TwirpError("unauthenticated", "permissions denied")
        return await call(message)

    return Method(_may_administer, request, checked)


def _bound(text: str, most: int, message: str) -> None:
    if len(text.encode()) > most:
        raise TwirpError("invalid_argument", message)


def _timeout(seconds: int, default: int | None) -> int | None:
    return min(seconds, limits.LONGEST_ROOM_TIMEOUT) if seconds else default


def _permission(permission: pb_models.ParticipantPermission) -> Permission:
    return Permission(
        can_subscribe=permission.can_subscribe,
        can_publish=permission.can_publish,
        can_publish_data=permission.can_publish_data,
        can_publish_sources=tuple(_SOURCES[int(one)] for one in permission.can_publish_sources if int(one) in _SOURCES),
        can_update_metadata=permission.can_update_metadata,
        hidden=permission.hidden,
    )


def _no_room() -> TwirpError:
    return TwirpError("not_found", "requested room does not exist")


def _no_participant() -> TwirpError:
    return TwirpError("not_found", "participant does not exist")
