"""Rooms, participants and tracks as protobuf.

Signalling, the server API and webhooks share them.
"""

from collections.abc import Iterable

from livekit.protocol import models as pb_models

from moothall.livekit.model import ParticipantInfo, Permission, RoomInfo, TrackInfo, VideoLayer

KIND_NUMBERS = {"audio": pb_models.TrackType.AUDIO, "video": pb_models.TrackType.VIDEO}


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
        kind=one.kind.name,
        kind_details=one.kind_details,  # type: ignore[arg-type]  # as above
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
    codecs = [
        pb_models.SimulcastCodecInfo(
            mime_type=codec.mime_type,
            mid=codec.mid,
            cid=codec.cid,
            layers=_write_layers(codec.layers),
            video_layer_mode=codec.layer_mode,  # type: ignore[arg-type]  # the stubs want the generated enum's own type
        )
        for codec in track.codecs
    ]
    return pb_models.TrackInfo(
        sid=track.sid,
        type=KIND_NUMBERS[track.kind],
        name=track.name,
        source=int(track.source),  # type: ignore[arg-type]  # as above
        muted=track.muted,
        width=track.width,
        height=track.height,
        simulcast=track.simulcast,
        mime_type=track.mime_type,
        mid=track.mid,
        layers=_write_layers(track.layers),
        codecs=codecs,
        stereo=track.stereo,
        disable_dtx=track.disable_dtx,
        disable_red=track.disable_red,
        encryption=track.encryption,  # type: ignore[arg-type]  # as above
        stream=track.stream,
        audio_features=track.audio_features,  # type: ignore[arg-type]  # as above
        packet_trailer_features=track.packet_trailer_features,  # type: ignore[arg-type]  # as above
        backup_codec_policy=track.backup_codec_policy,  # type: ignore[arg-type]  # as above
    )


def _write_layers(layers: Iterable[VideoLayer]) -> list[pb_models.VideoLayer]:
    return [
        pb_models.VideoLayer(
            quality=int(layer.quality),  # type: ignore[arg-type]  # the stubs want the generated enum's own type
            width=layer.width,
            height=layer.height,
            bitrate=layer.bitrate,
            ssrc=layer.ssrc,
            repair_ssrc=layer.repair_ssrc,
            spatial_layer=layer.spatial_layer,
            rid=layer.rid,
        )
        for layer in layers
    ]
