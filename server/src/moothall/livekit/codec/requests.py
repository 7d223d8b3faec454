"""Requests of clients: bytes and text to ``livekit.requests``.

They are checked against ``limits`` while they are decoded, so that nothing behind this module meets
an oversized string. Clients speak binary protobuf, or JSON when their first frame is text.
"""

import base64
import json
import zlib
from collections.abc import Iterable
from typing import Any

from google.protobuf import json_format
from google.protobuf.message import DecodeError
from livekit.protocol import models as pb_models
from livekit.protocol import rtc as pb

from moothall.livekit import limits
from moothall.livekit.codec.malformed import MalformedMessage
from moothall.livekit.model import Kind, SimulcastCodec, TrackSource, VideoLayer, VideoQuality
from moothall.livekit.requests import (
    AddTrack,
    Answer,
    JoinRequest,
    LeaveRequested,
    MuteTrack,
    Offer,
    Ping,
    Request,
    Simulate,
    SubscriptionPermission,
    SyncState,
    TrackPermission,
    Trickle,
    Unsupported,
    UpdateAudioTrack,
    UpdateMetadata,
    UpdateSubscription,
    UpdateTrackSettings,
    UpdateVideoTrack,
)

_MAX_SMALL_NUMBER = 1_000
# The ``wbits`` value by which zlib reads gzip with the largest window.
_GZIP = 16 + zlib.MAX_WBITS
_KINDS: dict[int, Kind] = {pb_models.TrackType.AUDIO: "audio", pb_models.TrackType.VIDEO: "video"}
_SOURCES = {int(source): source for source in TrackSource}
_SDKS = {number: name.lower() for name, number in pb_models.ClientInfo.SDK.items()}
_QUALITIES = {int(quality): quality for quality in VideoQuality}


def decode_request(frame: bytes | str) -> Request:
    """Raises MalformedMessage."""
    message = pb.SignalRequest()
    try:
        if isinstance(frame, bytes):
            message.ParseFromString(frame)
        else:
            json_format.ParseDict(_parse_object(frame), message, ignore_unknown_fields=True)
    except (DecodeError, json_format.ParseError, ValueError, TypeError, AttributeError, RecursionError):
        # The library's own text may quote the message, which may hold what does not belong in a
        # log.
        raise MalformedMessage("not a SignalRequest") from None
    return _read_request(message)


def decode_join_request(text: str) -> JoinRequest:
    """The ``join_request`` parameter: URL-safe base64 of a WrappedJoinRequest.

    Raises MalformedMessage.
    """
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
    """Decompress a gzip stream.

    Raises zlib.error, and MalformedMessage if the result is too large or the stream is cut off.
    """
    inflater = zlib.decompressobj(wbits=_GZIP)
    inflated = inflater.decompress(compressed, limits.MAX_OFFERING_MESSAGE_BYTES)
    if not inflater.eof:
        raise MalformedMessage("join request too large or incomplete")
    return inflated


def _parse_object(text: str) -> dict[str, Any]:
    """Parse JSON. Raises ValueError, also for duplicate names and lone surrogates.

    Parsers differ about which of two equal names counts.
    """
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
            return UpdateAudioTrack(_short(audio.track_sid), _features(audio.features, pb_models.AudioTrackFeature))
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
    kind = _KINDS[request.type]
    layers = request.layers or (request.simulcast_codecs[0].layers if request.simulcast_codecs else ())
    return AddTrack(
        cid=_short(request.cid),
        kind=kind,
        source=_SOURCES[int(request.source)],
        name=_short(request.name),
        muted=request.muted,
        width=_dimension(request.width),
        height=_dimension(request.height),
        layers=tuple(_read_layer(layer) for layer in layers[: limits.MAX_LAYERS]),
        codecs=tuple(
            SimulcastCodec(
                mime_type=_mime_type(kind, _short(codec.codec)),
                cid=_short(codec.cid),
                layers=tuple(_read_layer(layer) for layer in codec.layers[: limits.MAX_LAYERS]),
                layer_mode=_known(codec.video_layer_mode, pb_models.VideoLayer.Mode),
            )
            for codec in request.simulcast_codecs[: limits.MAX_CODECS]
            if codec.codec
        ),
        stereo=request.stereo,
        disable_dtx=request.disable_dtx,
        disable_red=request.disable_red,
        encryption=_known(request.encryption, pb_models.Encryption.Type),
        stream=_short(request.stream),
        audio_features=_features(request.audio_features, pb_models.AudioTrackFeature),
        packet_trailer_features=_features(request.packet_trailer_features, pb_models.PacketTrailerFeature),
        backup_codec_policy=_known(request.backup_codec_policy, pb_models.BackupCodecPolicy),
        sid=_short(request.sid),
    )


def _read_layer(layer: pb_models.VideoLayer) -> VideoLayer:
    quality = _QUALITIES.get(int(layer.quality), VideoQuality.HIGH)
    return VideoLayer(
        quality=quality,
        width=_dimension(layer.width),
        height=_dimension(layer.height),
        bitrate=layer.bitrate,
        ssrc=layer.ssrc,
        repair_ssrc=layer.repair_ssrc,
        spatial_layer=layer.spatial_layer,
        rid=_short(layer.rid),
    )


def _mime_type(kind: Kind, codec: str) -> str:
    """As in ``video/VP9`` and ``audio/opus``, from a name like ``vp9`` or from a MIME type."""
    name = codec.rpartition("/")[2].lower()
    return f"{kind}/{name if name == 'opus' else name.upper()}"


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


def _known(number: int, enumeration: Any) -> int:
    """The number, or 0 when the protocol has no such value."""
    return number if number in enumeration.values() else 0


def _features(features: Iterable[int], enumeration: Any) -> tuple[int, ...]:
    known = set(enumeration.values())
    return tuple(sorted({feature for feature in features if feature in known}))


def _is_encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
