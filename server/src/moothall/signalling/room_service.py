"""LiveKit's RoomService on the embedded engine: what a server with the LiveKit key may see and do of running rooms.

The rooms are those of the Meetings API, named by their ids; see docs/protocol.md, "Server API", for what that means for each method. Who
may do what is in the token, as with livekit-server: ``roomCreate`` to create and delete, ``roomList`` to list, ``roomAdmin`` of that very room for
everything else. This module, ``twirp``, ``webhooks`` and ``codec`` are the ones that know the generated protobuf code.
"""

from collections.abc import Sequence

from livekit.protocol import models as pb_models
from livekit.protocol import room as pb
from starlette.routing import BaseRoute

from moothall.engine import Remover
from moothall.signalling import codec, limits
from moothall.signalling.embedded import EmbeddedEngine, ServerRequest
from moothall.signalling.events import (
    BroadcastRequested,
    MuteRequested,
    SettingsRequested,
    SubscriptionRequested,
    UpdateRequested,
)
from moothall.signalling.messages import Permission, TrackSource, UpdateSubscription
from moothall.signalling.participant import Participant, Track
from moothall.signalling.room import Room
from moothall.signalling.tokens import ServerGrant
from moothall.signalling.twirp import Method, TwirpError, twirp_routes

_SERVICE = "livekit.RoomService"
_SOURCES = {int(source): source for source in TrackSource if source is not TrackSource.UNKNOWN}


def room_service_routes(engine: EmbeddedEngine, remove: Remover) -> Sequence[BaseRoute]:
    service = RoomService(engine, remove)
    methods = {
        "CreateRoom": Method(pb.CreateRoomRequest, service.create_room),
        "ListRooms": Method(pb.ListRoomsRequest, service.list_rooms),
        "DeleteRoom": Method(pb.DeleteRoomRequest, service.delete_room),
        "ListParticipants": Method(pb.ListParticipantsRequest, service.list_participants),
        "GetParticipant": Method(pb.RoomParticipantIdentity, service.get_participant),
        "RemoveParticipant": Method(pb.RoomParticipantIdentity, service.remove_participant),
        "MutePublishedTrack": Method(pb.MuteRoomTrackRequest, service.mute_published_track),
        "UpdateParticipant": Method(pb.UpdateParticipantRequest, service.update_participant),
        "UpdateSubscriptions": Method(pb.UpdateSubscriptionsRequest, service.update_subscriptions),
        "SendData": Method(pb.SendDataRequest, service.send_data),
        "UpdateRoomMetadata": Method(pb.UpdateRoomMetadataRequest, service.update_room_metadata),
        "ForwardParticipant": Method(pb.ForwardParticipantRequest, service.forward_participant),
        "MoveParticipant": Method(pb.MoveParticipantRequest, service.move_participant),
        "PerformRpc": Method(pb.PerformRpcRequest, service.perform_rpc),
    }
    return twirp_routes(_SERVICE, methods, engine.authenticate_server)


class RoomService:
    """Every method raises TwirpError."""

    def __init__(self, engine: EmbeddedEngine, remove: Remover) -> None:
        self._engine = engine
        self._remove = remove

    async def create_room(self, grant: ServerGrant, request: pb.CreateRoomRequest) -> pb_models.Room:
        _check(grant.room_create)
        if not request.name:
            raise TwirpError("invalid_argument", "no room name")
        _bound(request.name, limits.MAX_ROOM_BYTES, "room name length exceeds limits")
        _bound(request.metadata, limits.MAX_METADATA_BYTES, "metadata size exceeds limits")
        known = self._engine.find_room(request.name)
        settings = SettingsRequested(
            metadata=request.metadata or None,
            max_participants=request.max_participants or None,
            empty_timeout=_timeout(request.empty_timeout, None if known else limits.DEFAULT_EMPTY_TIMEOUT),
            departure_timeout=_timeout(request.departure_timeout, None if known else limits.DEFAULT_DEPARTURE_TIMEOUT),
        )
        room = self._engine.prepare_room(request.name, settings)
        if room is None:
            raise TwirpError("resource_exhausted", f"more than {limits.MAX_PREPARED_ROOMS} rooms nobody is in")
        return codec.write_room(room.info())

    async def list_rooms(self, grant: ServerGrant, request: pb.ListRoomsRequest) -> pb.ListRoomsResponse:
        _check(grant.room_list)
        names = set(request.names)
        rooms = [room for room in self._engine.rooms() if not names or room.name in names]
        return pb.ListRoomsResponse(rooms=[codec.write_room(room.info()) for room in rooms])

    async def delete_room(self, grant: ServerGrant, request: pb.DeleteRoomRequest) -> pb.DeleteRoomResponse:
        _check(grant.room_create)
        if not await self._engine.delete_room(request.room):
            raise _no_room()
        return pb.DeleteRoomResponse()

    async def list_participants(
        self, grant: ServerGrant, request: pb.ListParticipantsRequest
    ) -> pb.ListParticipantsResponse:
        _check_admin(grant, request.room)
        room = self._engine.find_room(request.room)
        participants = [] if room is None else room.participants.values()
        return pb.ListParticipantsResponse(
            participants=[codec.write_participant(one.describe()) for one in participants]
        )

    async def get_participant(
        self, grant: ServerGrant, request: pb.RoomParticipantIdentity
    ) -> pb_models.ParticipantInfo:
        _check_admin(grant, request.room)
        return codec.write_participant(self._find(request.room, request.identity).describe())

    async def remove_participant(
        self, grant: ServerGrant, request: pb.RoomParticipantIdentity
    ) -> pb.RemoveParticipantResponse:
        _check_admin(grant, request.room)
        if not await self._remove(request.room, request.identity):
            raise _no_participant()
        return pb.RemoveParticipantResponse()

    async def mute_published_track(
        self, grant: ServerGrant, request: pb.MuteRoomTrackRequest
    ) -> pb.MuteRoomTrackResponse:
        _check_admin(grant, request.room)
        track = self._find_track(request.room, request.identity, request.track_sid)
        if not request.muted and track.muted:
            raise TwirpError("failed_precondition", "remote unmute not enabled")
        if request.muted:
            self._request(request.room, MuteRequested(request.identity, request.track_sid))
        return pb.MuteRoomTrackResponse(track=codec.write_track(track.info()))

    async def update_participant(
        self, grant: ServerGrant, request: pb.UpdateParticipantRequest
    ) -> pb_models.ParticipantInfo:
        _check_admin(grant, request.room)
        one = self._find(request.room, request.identity)
        _bound(request.metadata, limits.MAX_METADATA_BYTES, "metadata size exceeds limits")
        _bound(request.name, limits.MAX_NAME_BYTES, "name length exceeds limits")
        if not one.attributes_fit(request.attributes):
            raise TwirpError("invalid_argument", "attribute size exceeds limits")
        event = UpdateRequested(
            request.identity,
            name=request.name or None,
            metadata=request.metadata or None,
            attributes=dict(request.attributes),
            permission=_permission(request.permission) if request.HasField("permission") else None,
        )
        self._request(request.room, event)
        return codec.write_participant(one.describe())

    async def update_subscriptions(
        self, grant: ServerGrant, request: pb.UpdateSubscriptionsRequest
    ) -> pb.UpdateSubscriptionsResponse:
        _check_admin(grant, request.room)
        self._find(request.room, request.identity)
        sids = [*request.track_sids, *(sid for tracks in request.participant_tracks for sid in tracks.track_sids)]
        if len(sids) > limits.MAX_TRACK_SIDS_PER_REQUEST:
            raise TwirpError("invalid_argument", f"more than {limits.MAX_TRACK_SIDS_PER_REQUEST} tracks")
        wanted = UpdateSubscription(tuple(sids), request.subscribe)
        self._request(request.room, SubscriptionRequested(request.identity, wanted))
        return pb.UpdateSubscriptionsResponse()

    async def send_data(self, grant: ServerGrant, request: pb.SendDataRequest) -> pb.SendDataResponse:
        _check_admin(grant, request.room)
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

    async def update_room_metadata(self, grant: ServerGrant, request: pb.UpdateRoomMetadataRequest) -> pb_models.Room:
        _check_admin(grant, request.room)
        _bound(request.metadata, limits.MAX_METADATA_BYTES, "metadata size exceeds limits")
        self._request(request.room, SettingsRequested(metadata=request.metadata))
        return codec.write_room(self._room(request.room).info())

    async def forward_participant(
        self, grant: ServerGrant, request: pb.ForwardParticipantRequest
    ) -> pb.ForwardParticipantResponse:
        _check_admin(grant, request.room)
        raise TwirpError("unimplemented", "participants are not forwarded between rooms")

    async def move_participant(
        self, grant: ServerGrant, request: pb.MoveParticipantRequest
    ) -> pb.MoveParticipantResponse:
        _check_admin(grant, request.room)
        raise TwirpError("unimplemented", "participants are not moved between rooms")

    async def perform_rpc(self, grant: ServerGrant, request: pb.PerformRpcRequest) -> pb.PerformRpcResponse:
        _check_admin(grant, request.room)
        raise TwirpError("unimplemented", "the server calls no methods of participants")

    def _request(self, room: str, event: ServerRequest) -> None:
        if not self._engine.request(room, event):
            raise _no_room()

    def _room(self, name: str) -> Room:
        room = self._engine.find_room(name)
        if room is None:
            raise _no_room()
        return room

    def _find(self, room: str, identity: str) -> Participant:
        live = self._engine.find_room(room)
        one = None if live is None else live.find_participant(identity)
        if one is None:
            raise _no_participant()
        return one

    def _find_track(self, room: str, identity: str, track_sid: str) -> Track:
        track = self._find(room, identity).track(track_sid)
        if track is None:
            raise TwirpError("not_found", "track is not found")
        return track


def _check(granted: bool) -> None:
    if not granted:
        raise TwirpError("unauthenticated", "permissions denied")


def _check_admin(grant: ServerGrant, room: str) -> None:
    _check(grant.room_admin and bool(room) and grant.room == room)


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
