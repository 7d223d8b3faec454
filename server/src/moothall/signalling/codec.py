"""Bytes ⇄ messages. The only module of the signalling proper that knows the generated protobuf code; the server API does, too.

Requests are checked against ``limits`` while they are decoded, so that nothing behind this module meets an oversized string. Clients
speak binary protobuf, or JSON when their first frame is text.
"""

import base64
import functools
import json
import zlib
from collections.abc import Iterable
from typing import Any

from google.protobuf import json_format
from google.protobuf.message import DecodeError, Message
from livekit.protocol import models as pb_models
from livekit.protocol import rtc as pb

from moothall.signalling import limits
from moothall.signalling.messages import (
    AddTrack,
    Answer,
    ConnectionQualityUpdate,
    DataMessage,
    IceServer,
    Join,
    JoinRequest,
    Kind,
    Leave,
    LeaveAction,
    LeaveRequested,
    MuteTrack,
    Offer,
    ParticipantInfo,
    ParticipantUpdate,
    Permission,
    Ping,
    Pong,
    QualityReport,
    Reconnect,
    RefreshToken,
    Request,
    RequestAnswered,
    Response,
    RoomInfo,
    RoomUpdate,
    SectionsRequirement,
    Simulate,
    Speaker,
    SpeakersChanged,
    StreamStateUpdate,
    SubscribedQualityUpdate,
    SubscriptionFailed,
    SubscriptionPermission,
    SubscriptionPermissionUpdate,
    SyncState,
    TrackInfo,
    TrackPermission,
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
    VideoLayer,
    VideoQuality,
)

# livekit-client switches on features by this version; 1.13.6 is the newest whose features are all here.
SERVER_VERSION = "1.13.6"
PROTOCOL_VERSION = 17
PUBLISH_CODECS = ("video/VP8", "video/H264", "audio/opus")

# Of data packets, what is for or from the server alone and never relayed.
_NOT_RELAYED = frozenset({"speaker", "metrics"})
_MAX_SMALL_NUMBER = 1_000
# What zlib calls the gzip format with the largest window.
_GZIP = 16 + zlib.MAX_WBITS
# The wire type of strings, bytes and messages.
_LENGTH_DELIMITED = 2
_KINDS: dict[int, Kind] = {pb_models.TrackType.AUDIO: "audio", pb_models.TrackType.VIDEO: "video"}
_KIND_NUMBERS = {kind: number for number, kind in _KINDS.items()}
_SOURCES = {int(source): source for source in TrackSource}
_SDKS = {number: name.lower() for name, number in pb_models.ClientInfo.SDK.items()}
_QUALITIES = {int(quality): quality for quality in VideoQuality}


class MalformedMessage(Exception):
    """A client sent what cannot be read or exceeds a limit; ``str()`` says what, without quoting it."""


def decode_request(frame: bytes | str) -> Request:
    """Raises MalformedMessage."""
    message = pb.SignalRequest()
    try:
        if isinstance(frame, bytes):
            message.ParseFromString(frame)
        else:
            json_format.ParseDict(_parse_object(frame), message, ignore_unknown_fields=True)
    except (DecodeError, json_format.ParseError, ValueError, TypeError, AttributeError, RecursionError):
        # The library's own text may quote the message, which may hold what does not belong in a log.
        raise MalformedMessage("not a SignalRequest") from None
    return _read_request(message)


def decode_join_request(text: str) -> JoinRequest:
    """The ``join_request`` parameter: URL-safe base64 of a WrappedJoinRequest. Raises MalformedMessage."""
    if not text:
        raise MalformedMessage("join_request is required")
    try:
        padded = text + "=" * (-len(text) % 4)
        wrapped = pb.WrappedJoinRequest.FromString(base64.b64decode(padded, altchars=b"-_", validate=True))
        inner = wrapped.join_request
        if wrapped.compression == pb.WrappedJoinRequest.GZIP:
            inner = _inflate(inner)
        request = pb.JoinRequest.FromString(inner)
    except (DecodeError, ValueError, zlib.error):
        raise MalformedMessage("not a WrappedJoinRequest") from None
    requests: list[Request] = [_read_add_track(track) for track in request.add_track_requests[: limits.MAX_TRACKS]]
    if request.HasField("publisher_offer"):
        requests.append(Offer(request.publisher_offer.sdp, request.publisher_offer.id))
    if request.HasField("sync_state"):
        requests.append(_read_sync_state(request.sync_state))
    settings = request.connection_settings
    return JoinRequest(
        auto_subscribe=settings.auto_subscribe,
        adaptive_stream=settings.adaptive_stream,
        client_protocol=request.client_info.client_protocol,
        sdk=_SDKS.get(request.client_info.sdk, ""),
        resumes=_short(request.participant_sid) if request.reconnect else None,
        requests=tuple(requests),
    )


def _inflate(compressed: bytes) -> bytes:
    """Of a gzip stream. Raises zlib.error, and MalformedMessage for what would be too large or is cut off."""
    inflater = zlib.decompressobj(wbits=_GZIP)
    inflated = inflater.decompress(compressed, limits.MAX_OFFERING_MESSAGE_BYTES)
    if not inflater.eof:
        raise MalformedMessage("join request too large or incomplete")
    return inflated


def encode_response(response: Response, *, as_json: bool = False) -> bytes | str:
    if as_json:
        return json_format.MessageToJson(_write_response(response), indent=None)
    match response:
        # Of these, the parts are written once and put together for each receiver.
        case Join():
            return _assemble("join", _write_join(response), "other_participants", response.other_participants)
        case ParticipantUpdate(participants):
            return _assemble("update", pb.ParticipantUpdate(), "participants", participants)
        case SpeakersChanged(speakers):
            return _assemble("speakers_changed", pb.SpeakersChanged(), "speakers", speakers)
        case ConnectionQualityUpdate(reports):
            return _assemble("connection_quality", pb.ConnectionQualityUpdate(), "updates", reports)
        case _:
            return _write_response(response).SerializeToString()


def decode_data(payload: bytes) -> DataMessage:
    """Raises MalformedMessage."""
    packet = pb_models.DataPacket()
    try:
        packet.ParseFromString(payload)
    except DecodeError:
        raise MalformedMessage("not a DataPacket") from None
    identities = {*packet.destination_identities, *packet.user.destination_identities}
    return DataMessage(
        body=packet,
        size=len(payload),
        sequence=packet.sequence,
        destination_identities=frozenset(identities),
        destination_sids=frozenset(packet.user.destination_sids),
        relayed=packet.WhichOneof("value") not in {None, *_NOT_RELAYED},
    )


def encode_data(message: DataMessage, *, reliable: bool, identity: str, sid: str) -> bytes:
    """The packet as receivers get it: who sent it is what the server knows, not what the sender wrote."""
    packet = pb_models.DataPacket()
    assert isinstance(message.body, pb_models.DataPacket)  # noqa: S101 - only this module makes bodies
    packet.CopyFrom(message.body)
    packet.kind = pb_models.DataPacket.RELIABLE if reliable else pb_models.DataPacket.LOSSY
    packet.participant_identity = identity
    packet.participant_sid = sid
    # Receivers need not know who else received it.
    packet.ClearField("destination_identities")
    match packet.WhichOneof("value"):
        case "user":
            packet.user.participant_identity = identity
            packet.user.participant_sid = sid
            packet.user.ClearField("destination_identities")
            packet.user.ClearField("destination_sids")
        case "transcription" if not packet.transcription.transcribed_participant_identity:
            packet.transcription.transcribed_participant_identity = identity
    return packet.SerializeToString()


def server_data(
    payload: bytes, *, topic: str, to: Iterable[str] = (), to_sids: Iterable[str] = (), nonce: bytes = b""
) -> DataMessage:
    """A data packet that the server itself sends; ``to`` are identities."""
    packet = pb_models.DataPacket(user=pb_models.UserPacket(payload=payload, topic=topic, nonce=nonce))
    return DataMessage(
        body=packet,
        size=len(payload),
        sequence=0,
        destination_identities=frozenset(to),
        destination_sids=frozenset(to_sids),
        relayed=True,
    )


def _parse_object(text: str) -> dict[str, Any]:
    """Raises ValueError, also for a name that occurs twice, because readers differ about which of the two counts, and for a lone surrogate."""
    parsed = json.loads(text, object_pairs_hook=_unique)
    if not isinstance(parsed, dict):
        raise TypeError("not an object")
    # JSON can spell lone surrogates, and the protobuf library fails over some of them.
    json.dumps(parsed, ensure_ascii=False).encode()
    return parsed


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    unique = dict(pairs)
    if len(unique) != len(pairs):
        raise ValueError("duplicate name")
    return unique


# ---- Requests --------------------------------------------------------------------------------------------------------


def _read_request(message: pb.SignalRequest) -> Request:  # noqa: C901, PLR0911, PLR0912 - one flat table
    kind = message.WhichOneof("message")
    match kind:
        case "offer":
            return Offer(message.offer.sdp, message.offer.id)
        case "answer":
            return Answer(message.answer.sdp, message.answer.id)
        case "trickle":
            return _read_trickle(message.trickle)
        case "add_track":
            return _read_add_track(message.add_track)
        case "mute":
            return MuteTrack(_short(message.mute.sid), message.mute.muted)
        case "subscription":
            return _read_subscription(message.subscription)
        case "track_setting":
            return _read_settings(message.track_setting)
        case "leave":
            return LeaveRequested()
        case "update_metadata":
            return _read_metadata(message.update_metadata)
        case "subscription_permission":
            return _read_subscription_permission(message.subscription_permission)
        case "sync_state":
            return _read_sync_state(message.sync_state)
        case "simulate":
            scenario = message.simulate.WhichOneof("scenario") or ""
            return Simulate(scenario, int(getattr(message.simulate, scenario)) if scenario else 0)
        case "ping":
            return Ping(message.ping, legacy=True)
        case "ping_req":
            return Ping(message.ping_req.timestamp, legacy=False)
        case "update_audio_track":
            audio = message.update_audio_track
            return UpdateAudioTrack(_short(audio.track_sid), _features(audio.features))
        case "update_video_track":
            video = message.update_video_track
            return UpdateVideoTrack(_short(video.track_sid), _dimension(video.width), _dimension(video.height))
        case _:
            return Unsupported(kind or "")


def _read_trickle(trickle: pb.TrickleRequest) -> Trickle:
    if len(trickle.candidateInit) > limits.MAX_CANDIDATE_BYTES:
        raise MalformedMessage("candidate too long")
    try:
        init = json.loads(trickle.candidateInit or "{}")
    except (ValueError, RecursionError):
        raise MalformedMessage("candidate is not JSON") from None
    candidate = init.get("candidate", "") if isinstance(init, dict) else None
    # JSON can spell lone surrogates; the SFU takes UTF-8.
    if not isinstance(candidate, str) or not _is_encodable(candidate):
        raise MalformedMessage("candidate is not an RTCIceCandidateInit")
    target = "publisher" if trickle.target == pb.SignalTarget.PUBLISHER else "subscriber"
    return Trickle(candidate, target)  # type: ignore[arg-type]  # one of the two literals above


def _read_add_track(request: pb.AddTrackRequest) -> AddTrack:
    if request.type not in _KINDS:
        raise MalformedMessage("track is neither audio nor video")
    if not request.cid:
        raise MalformedMessage("track without cid")
    if int(request.source) not in _SOURCES:
        raise MalformedMessage("unknown track source")
    codec = _short(request.simulcast_codecs[0].codec) if request.simulcast_codecs else ""
    layers = request.layers or (request.simulcast_codecs[0].layers if request.simulcast_codecs else ())
    return AddTrack(
        cid=_short(request.cid),
        kind=_KINDS[request.type],
        source=_SOURCES[int(request.source)],
        name=_short(request.name),
        muted=request.muted,
        width=_dimension(request.width),
        height=_dimension(request.height),
        layers=tuple(_read_layer(layer) for layer in layers[: limits.MAX_LAYERS]),
        codec=codec.removeprefix("video/").lower(),
        stereo=request.stereo,
        disable_dtx=request.disable_dtx,
        disable_red=request.disable_red,
        encryption=request.encryption if request.encryption in pb_models.Encryption.Type.values() else 0,
        stream=_short(request.stream),
        audio_features=_features(request.audio_features),
        sid=_short(request.sid),
    )


def _read_layer(layer: pb_models.VideoLayer) -> VideoLayer:
    quality = _QUALITIES.get(int(layer.quality), VideoQuality.HIGH)
    return VideoLayer(quality, _dimension(layer.width), _dimension(layer.height), layer.bitrate)


def _read_subscription(request: pb.UpdateSubscription) -> UpdateSubscription:
    sids = [*request.track_sids, *(sid for tracks in request.participant_tracks for sid in tracks.track_sids)]
    return UpdateSubscription(_sids(sids), request.subscribe)


def _read_settings(request: pb.UpdateTrackSettings) -> UpdateTrackSettings:
    quality = _QUALITIES.get(int(request.quality), VideoQuality.HIGH)
    return UpdateTrackSettings(
        track_sids=_sids(request.track_sids),
        disabled=request.disabled or quality is VideoQuality.OFF,
        quality=quality,
        width=_dimension(request.width),
        height=_dimension(request.height),
        fps=min(request.fps, _MAX_SMALL_NUMBER),
        priority=min(request.priority, _MAX_SMALL_NUMBER),
    )


def _read_metadata(request: pb.UpdateParticipantMetadata) -> UpdateMetadata:
    return UpdateMetadata(
        request_id=request.request_id,
        metadata=_bounded(request.metadata, limits.MAX_METADATA_BYTES),
        name=_bounded(request.name, limits.MAX_NAME_BYTES),
        attributes={
            _short(key): _bounded(value, limits.MAX_ATTRIBUTES_BYTES) for key, value in request.attributes.items()
        },
    )


def _read_subscription_permission(request: pb.SubscriptionPermission) -> SubscriptionPermission:
    if len(request.track_permissions) > limits.MAX_TRACK_PERMISSIONS:
        raise MalformedMessage("too many track permissions")
    permissions = tuple(
        TrackPermission(
            participant_identity=_short(permission.participant_identity),
            participant_sid=_short(permission.participant_sid),
            all_tracks=permission.all_tracks,
            track_sids=_sids(permission.track_sids),
        )
        for permission in request.track_permissions
    )
    # For each track and each of the others they are gone through.
    if sum(len(permission.track_sids) for permission in permissions) > limits.MAX_TRACK_SIDS_PER_REQUEST:
        raise MalformedMessage("too many track sids")
    return SubscriptionPermission(request.all_participants, permissions)


def _read_sync_state(state: pb.SyncState) -> SyncState:
    return SyncState(
        published_sids=_sids(published.track.sid for published in state.publish_tracks),
        subscription=_read_subscription(state.subscription) if state.HasField("subscription") else None,
        disabled_sids=_sids(state.track_sids_disabled),
    )


def _is_encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _bounded(text: str, most: int) -> str:
    if len(text) > most or len(text.encode()) > most:
        raise MalformedMessage(f"text longer than {most} bytes")
    return text


def _short(text: str) -> str:
    return _bounded(text, limits.MAX_SHORT_STRING_BYTES)


def _sids(sids: Iterable[str]) -> tuple[str, ...]:
    checked = tuple(_short(sid) for sid in sids)
    if len(checked) > limits.MAX_TRACK_SIDS_PER_REQUEST:
        raise MalformedMessage("too many track sids")
    return checked


def _dimension(pixels: int) -> int:
    return min(pixels, limits.MAX_DIMENSION)


def _features(features: Iterable[int]) -> tuple[int, ...]:
    known = set(pb_models.AudioTrackFeature.values())
    return tuple(sorted({feature for feature in features if feature in known}))


# ---- Responses -------------------------------------------------------------------------------------------------------


def _write_response(response: Response) -> pb.SignalResponse:  # noqa: C901, PLR0911, PLR0912 - one flat table
    match response:
        case Offer(sdp, id_, mids):
            return pb.SignalResponse(offer=pb.SessionDescription(type="offer", sdp=sdp, id=id_, mid_to_track_id=mids))
        case Answer(sdp, id_, mids):
            return pb.SignalResponse(answer=pb.SessionDescription(type="answer", sdp=sdp, id=id_, mid_to_track_id=mids))
        case Join():
            join = _write_join(response)
            join.other_participants.extend(write_participant(one) for one in response.other_participants)
            return pb.SignalResponse(join=join)
        case Reconnect(last_message_seq, ice_servers, force_relay):
            return pb.SignalResponse(
                reconnect=pb.ReconnectResponse(
                    server_info=_server_info(),
                    last_message_seq=last_message_seq,
                    ice_servers=[_write_ice_server(one) for one in ice_servers],
                    client_configuration=_write_configuration(force_relay=force_relay),
                )
            )
        case ParticipantUpdate(participants):
            return pb.SignalResponse(
                update=pb.ParticipantUpdate(participants=[write_participant(one) for one in participants])
            )
        case TrackPublished(cid, track):
            return pb.SignalResponse(track_published=pb.TrackPublishedResponse(cid=cid, track=write_track(track)))
        case TrackUnpublished(track_sid):
            return pb.SignalResponse(track_unpublished=pb.TrackUnpublishedResponse(track_sid=track_sid))
        case Leave(reason, action):
            leave = pb.LeaveRequest(
                reason=int(reason),  # type: ignore[arg-type]  # the stubs want the generated enum's own type
                action=int(action),  # type: ignore[arg-type]  # as above
                can_reconnect=action is not LeaveAction.DISCONNECT,
            )
            return pb.SignalResponse(leave=leave)
        case MuteTrack(sid, muted):
            return pb.SignalResponse(mute=pb.MuteTrackRequest(sid=sid, muted=muted))
        case SpeakersChanged(speakers):
            return pb.SignalResponse(
                speakers_changed=pb.SpeakersChanged(speakers=[_write_speaker(one) for one in speakers])
            )
        case RoomUpdate(room):
            return pb.SignalResponse(room_update=pb.RoomUpdate(room=write_room(room)))
        case ConnectionQualityUpdate(reports):
            return pb.SignalResponse(
                connection_quality=pb.ConnectionQualityUpdate(updates=[_write_report(one) for one in reports])
            )
        case StreamStateUpdate(streams):
            states = [
                pb.StreamStateInfo(
                    participant_sid=one.participant_sid,
                    track_sid=one.track_sid,
                    state=pb.StreamState.ACTIVE if one.active else pb.StreamState.PAUSED,
                )
                for one in streams
            ]
            return pb.SignalResponse(stream_state_update=pb.StreamStateUpdate(stream_states=states))
        case SubscribedQualityUpdate():
            return pb.SignalResponse(subscribed_quality_update=_write_subscribed_quality(response))
        case SubscriptionPermissionUpdate(participant_sid, track_sid, allowed):
            permission = pb.SubscriptionPermissionUpdate(
                participant_sid=participant_sid, track_sid=track_sid, allowed=allowed
            )
            return pb.SignalResponse(subscription_permission_update=permission)
        case RefreshToken(token):
            return pb.SignalResponse(refresh_token=token)
        case Pong(timestamp, now_ms, legacy):
            if legacy:
                return pb.SignalResponse(pong=now_ms)
            return pb.SignalResponse(pong_resp=pb.Pong(last_ping_timestamp=timestamp, timestamp=now_ms))
        case SubscriptionFailed(track_sid):
            return pb.SignalResponse(
                subscription_response=pb.SubscriptionResponse(
                    track_sid=track_sid, err=pb_models.SubscriptionError.SE_TRACK_NOTFOUND
                )
            )
        case RequestAnswered():
            return pb.SignalResponse(request_response=_write_request_answered(response))
        case SectionsRequirement(audios, videos):
            requirement = pb.MediaSectionsRequirement(num_audios=audios, num_videos=videos)
            return pb.SignalResponse(media_sections_requirement=requirement)
        case TrackSubscribed(track_sid):
            return pb.SignalResponse(track_subscribed=pb.TrackSubscribed(track_sid=track_sid))


def _assemble(
    name: str, message: Message, repeated: str, parts: Iterable[ParticipantInfo | Speaker | QualityReport]
) -> bytes:
    """A SignalResponse whose field ``name`` is ``message`` with these parts in its field ``repeated``.

    An embedded message is its tag, its length and its bytes, wherever it stands, and fields may come in any order (the protocol buffers
    encoding, "Submessages" and "Field order").
    """
    tag = _tag(message.DESCRIPTOR.fields_by_name[repeated].number)
    body = b"".join([message.SerializeToString(), *(_embed(tag, _written(part)) for part in parts)])
    return _embed(_tag(pb.SignalResponse.DESCRIPTOR.fields_by_name[name].number), body)


def _written(part: ParticipantInfo | Speaker | QualityReport) -> bytes:
    if not part.written:
        part.written.append(_write_part(part).SerializeToString())
    return part.written[0]


def _write_part(part: ParticipantInfo | Speaker | QualityReport) -> Message:
    match part:
        case ParticipantInfo():
            return write_participant(part)
        case Speaker():
            return _write_speaker(part)
        case QualityReport():
            return _write_report(part)


def _embed(tag: bytes, body: bytes) -> bytes:
    return tag + _varint(len(body)) + body


@functools.cache
def _tag(field_number: int) -> bytes:
    return _varint(field_number << 3 | _LENGTH_DELIMITED)


def _varint(number: int) -> bytes:
    encoded = bytearray()
    while number > 0x7F:  # noqa: PLR2004 - seven bits a byte
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    encoded.append(number)
    return bytes(encoded)


def _write_join(join: Join) -> pb.JoinResponse:
    """Without the other participants."""
    return pb.JoinResponse(
        room=write_room(join.room),
        participant=write_participant(join.participant),
        server_version=SERVER_VERSION,
        server_info=_server_info(),
        subscriber_primary=join.subscriber_primary,
        ping_interval=limits.PING_INTERVAL,
        ping_timeout=limits.PING_TIMEOUT,
        sif_trailer=join.sif_trailer,
        enabled_publish_codecs=[pb_models.Codec(mime=mime) for mime in PUBLISH_CODECS],
        fast_publish=join.participant.permission.can_publish,
        ice_servers=[_write_ice_server(one) for one in join.ice_servers],
        client_configuration=_write_configuration(force_relay=join.force_relay),
    )


def _write_ice_server(one: IceServer) -> pb.ICEServer:
    return pb.ICEServer(urls=one.urls, username=one.username, credential=one.credential)


def _write_configuration(*, force_relay: bool) -> pb_models.ClientConfiguration | None:
    """Only when it says something: unset settings are the client's own to choose."""
    return pb_models.ClientConfiguration(force_relay=pb_models.ClientConfigSetting.ENABLED) if force_relay else None


def _server_info() -> pb_models.ServerInfo:
    return pb_models.ServerInfo(
        edition=pb_models.ServerInfo.Standard, version=SERVER_VERSION, protocol=PROTOCOL_VERSION
    )


def write_room(room: RoomInfo) -> pb_models.Room:
    return pb_models.Room(
        sid=room.sid,
        name=room.name,
        num_participants=room.num_participants,
        num_publishers=room.num_publishers,
        metadata=room.metadata,
        max_participants=room.max_participants,
        empty_timeout=room.empty_timeout,
        departure_timeout=room.departure_timeout,
        creation_time=room.created_at_ms // 1000,
        creation_time_ms=room.created_at_ms,
    )


def write_participant(one: ParticipantInfo) -> pb_models.ParticipantInfo:
    return pb_models.ParticipantInfo(
        sid=one.sid,
        identity=one.identity,
        name=one.name,
        state=int(one.state),  # type: ignore[arg-type]  # the stubs want the generated enum's own type
        metadata=one.metadata,
        attributes=one.attributes,
        tracks=[write_track(track) for track in one.tracks],
        joined_at=one.joined_at_ms // 1000,
        joined_at_ms=one.joined_at_ms,
        version=one.version,
        permission=_write_permission(one.permission),
        is_publisher=bool(one.tracks),
        client_protocol=one.client_protocol,
        disconnect_reason=int(one.disconnect_reason),  # type: ignore[arg-type]  # as above
    )


def _write_permission(permission: Permission) -> pb_models.ParticipantPermission:
    return pb_models.ParticipantPermission(
        can_subscribe=permission.can_subscribe,
        can_publish=permission.can_publish,
        can_publish_data=permission.can_publish_data,
        can_publish_sources=[int(source) for source in permission.can_publish_sources],  # type: ignore[misc]  # as above
        hidden=permission.hidden,
        can_update_metadata=permission.can_update_metadata,
    )


def write_track(track: TrackInfo) -> pb_models.TrackInfo:
    layers = [
        pb_models.VideoLayer(
            quality=int(layer.quality),  # type: ignore[arg-type]  # the stubs want the generated enum's own type
            width=layer.width,
            height=layer.height,
            bitrate=layer.bitrate,
        )
        for layer in track.layers
    ]
    codec = pb_models.SimulcastCodecInfo(mime_type=track.mime_type, mid=track.mid, cid=track.cid, layers=layers)
    return pb_models.TrackInfo(
        sid=track.sid,
        type=_KIND_NUMBERS[track.kind],  # type: ignore[arg-type]  # as above
        name=track.name,
        source=int(track.source),  # type: ignore[arg-type]  # as above
        muted=track.muted,
        width=track.width,
        height=track.height,
        simulcast=track.simulcast,
        mime_type=track.mime_type,
        mid=track.mid,
        layers=layers,
        codecs=[codec],
        stereo=track.stereo,
        disable_dtx=track.disable_dtx,
        disable_red=track.disable_red,
        encryption=track.encryption,  # type: ignore[arg-type]  # as above
        stream=track.stream,
        audio_features=track.audio_features,  # type: ignore[arg-type]  # as above
    )


def _write_speaker(speaker: Speaker) -> pb_models.SpeakerInfo:
    return pb_models.SpeakerInfo(sid=speaker.sid, level=speaker.level, active=speaker.active)


def _write_report(report: QualityReport) -> pb.ConnectionQualityInfo:
    return pb.ConnectionQualityInfo(
        participant_sid=report.participant_sid,
        quality=int(report.quality),  # type: ignore[arg-type]  # the stubs want the generated enum's own type
        score=report.score,
    )


def _write_subscribed_quality(update: SubscribedQualityUpdate) -> pb.SubscribedQualityUpdate:
    wanted = -1 if update.max_quality is VideoQuality.OFF else int(update.max_quality)
    qualities = [
        pb.SubscribedQuality(quality=quality, enabled=quality <= wanted)
        for quality in (pb_models.VideoQuality.LOW, pb_models.VideoQuality.MEDIUM, pb_models.VideoQuality.HIGH)
    ]
    return pb.SubscribedQualityUpdate(
        track_sid=update.track_sid,
        subscribed_qualities=qualities,
        subscribed_codecs=[pb.SubscribedCodec(codec=update.codec, qualities=qualities)],
    )


def _write_request_answered(answer: RequestAnswered) -> pb.RequestResponse:
    response = pb.RequestResponse(
        request_id=answer.request_id,
        reason=int(answer.result),  # type: ignore[arg-type]  # the stubs want the generated enum's own type
        message=answer.message,
    )
    if answer.add_track is not None:
        response.add_track.cid = answer.add_track.cid
        response.add_track.name = answer.add_track.name
        response.add_track.type = _KIND_NUMBERS[answer.add_track.kind]  # type: ignore[assignment]  # as above
        response.add_track.source = int(answer.add_track.source)  # type: ignore[assignment]  # as above
    return response
