"""Responses to clients: ``livekit.responses`` to bytes, or JSON for clients that speak it."""

import functools
from collections.abc import Iterable

from google.protobuf import json_format
from google.protobuf.message import Message
from livekit.protocol import models as pb_models
from livekit.protocol import rtc as pb

from moothall.livekit import limits
from moothall.livekit.codec.models import KIND_NUMBERS, write_participant, write_room, write_track
from moothall.livekit.model import LeaveAction, ParticipantInfo, VideoQuality
from moothall.livekit.requests import Answer, MuteTrack, Offer
from moothall.livekit.responses import (
    ConnectionQualityUpdate,
    IceServer,
    Join,
    Leave,
    ParticipantUpdate,
    Pong,
    QualityReport,
    Reconnect,
    RefreshToken,
    RequestAnswered,
    Response,
    RoomUpdate,
    SectionsRequirement,
    Speaker,
    SpeakersChanged,
    StreamStateUpdate,
    SubscribedAudioCodecUpdate,
    SubscribedQualityUpdate,
    SubscriptionFailed,
    SubscriptionPermissionUpdate,
    TrackPublished,
    TrackSubscribed,
    TrackUnpublished,
)

# livekit-client switches on features by this version; 1.13.6 is the newest whose features are all
# here.
SERVER_VERSION = "1.13.6"
PROTOCOL_VERSION = 17
PUBLISH_CODECS = (
    "video/VP8",
    "video/H264",
    "video/VP9",
    "video/AV1",
    "audio/opus",
    "audio/red",
    "audio/PCMU",
    "audio/PCMA",
)

# The wire type of strings, bytes and messages.
_LENGTH_DELIMITED = 2


def encode_response(response: Response, *, as_json: bool = False) -> bytes | str:
    if as_json:
        return json_format.MessageToJson(_write_response(response), indent=None)
    match response:
        # The parts of these responses are encoded once and assembled for each receiver.
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
        case SubscribedAudioCodecUpdate(track_sid, codecs):
            update = pb.SubscribedAudioCodecUpdate(
                track_sid=track_sid,
                subscribed_audio_codecs=[
                    pb_models.SubscribedAudioCodec(codec=one, enabled=enabled) for one, enabled in codecs
                ],
            )
            return pb.SignalResponse(subscribed_audio_codec_update=update)
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
    """A SignalResponse with ``message`` in field ``name`` and these parts in its ``repeated``.

    An embedded message is its tag, its length and its bytes, wherever it stands, and fields may
    come in any order (the protocol buffers encoding, "Submessages" and "Field order").
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


def _write_speaker(speaker: Speaker) -> pb_models.SpeakerInfo:
    return pb_models.SpeakerInfo(sid=speaker.sid, level=speaker.level, active=speaker.active)


def _write_report(report: QualityReport) -> pb.ConnectionQualityInfo:
    return pb.ConnectionQualityInfo(
        participant_sid=report.participant_sid,
        quality=int(report.quality),  # type: ignore[arg-type]  # the stubs want the generated enum's own type
        score=report.score,
    )


def _write_subscribed_quality(update: SubscribedQualityUpdate) -> pb.SubscribedQualityUpdate:
    codecs = ((update.codec, update.max_quality), *update.backups)
    return pb.SubscribedQualityUpdate(
        track_sid=update.track_sid,
        subscribed_qualities=_write_qualities(update.max_quality),
        subscribed_codecs=[
            pb.SubscribedCodec(codec=codec, qualities=_write_qualities(quality)) for codec, quality in codecs
        ],
    )


def _write_qualities(most: VideoQuality) -> list[pb.SubscribedQuality]:
    wanted = -1 if most is VideoQuality.OFF else int(most)
    return [
        pb.SubscribedQuality(quality=quality, enabled=quality <= wanted)
        for quality in (pb_models.VideoQuality.LOW, pb_models.VideoQuality.MEDIUM, pb_models.VideoQuality.HIGH)
    ]


def _write_request_answered(answer: RequestAnswered) -> pb.RequestResponse:
    response = pb.RequestResponse(
        request_id=answer.request_id,
        reason=int(answer.result),  # type: ignore[arg-type]  # the stubs want the generated enum's own type
        message=answer.message,
    )
    if answer.add_track is not None:
        response.add_track.cid = answer.add_track.cid
        response.add_track.name = answer.add_track.name
        response.add_track.type = KIND_NUMBERS[answer.add_track.kind]
        response.add_track.source = int(answer.add_track.source)  # type: ignore[assignment]  # as above
    return response
