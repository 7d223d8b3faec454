"""Everything a client says of its track when it adds it is told to the others."""

from typing import Any

import pytest
from livekit.protocol import models as pb_models
from livekit.protocol import rtc as pb
from support.playbook import Stage

from moothall.livekit.codec import decode_request, write_track
from moothall.livekit.responses import ParticipantUpdate, TrackPublished
from moothall.signalling.events import OfferAccepted, Section, TrackWentLive

# The track's own fields of these names are said in another way, or are the server's.
_OTHERWISE = {"sid", "type", "cid", "simulcast_codecs"}
_SHARED = sorted(
    {field.name for field in pb.AddTrackRequest.DESCRIPTOR.fields}
    & {field.name for field in pb_models.TrackInfo.DESCRIPTOR.fields} - _OTHERWISE
)
_LAYER = pb_models.VideoLayer(
    quality=pb_models.VideoQuality.HIGH,
    width=1280,
    height=720,
    bitrate=1_700_000,
    ssrc=7,
    spatial_layer=2,
    rid="f",
    repair_ssrc=8,
)
_VALUES: dict[str, Any] = {
    "name": "desk",
    "width": 1280,
    "height": 720,
    "source": pb_models.TrackSource.SCREEN_SHARE,
    "layers": [_LAYER],
    "encryption": pb_models.Encryption.GCM,
    "stream": "desk-and-sound",
    "backup_codec_policy": pb_models.BackupCodecPolicy.SIMULCAST,
    "audio_features": [pb_models.AudioTrackFeature.TF_STEREO, pb_models.AudioTrackFeature.TF_PRECONNECT_BUFFER],
    "packet_trailer_features": list(pb_models.PacketTrailerFeature.values()),
    # Without encryption this one is the client's to choose.
    **dict.fromkeys(["muted", "disable_dtx", "stereo", "disable_red"], True),
}


def told(request: pb.AddTrackRequest) -> tuple[pb_models.TrackInfo, pb_models.TrackInfo]:
    """The track as its publisher and as another participant are told of it."""
    stage = Stage()
    alice, bob = stage.joins("alice"), stage.joins("bob")
    stage.says(alice, decode_request(pb.SignalRequest(add_track=request).SerializeToString()))
    published = stage.one(TrackPublished).track
    kind = "audio" if request.type == pb_models.TrackType.AUDIO else "video"
    stage.happens(
        OfferAccepted(alice, 1, "answer", (Section("0", kind, sending=True, layers=1, track_id=request.cid),))  # type: ignore[arg-type]
    )
    stage.happens(TrackWentLive(published.sid, ""))
    updates = [one for one in stage.sent_to(bob) if isinstance(one, ParticipantUpdate)]
    (seen,) = next(one for one in updates[-1].participants if one.sid == alice).tracks
    return write_track(published), write_track(seen)


@pytest.mark.parametrize("name", _SHARED)
def test_field_of_a_track_is_carried_through(name: str) -> None:
    request = pb.AddTrackRequest(cid="cid", type=pb_models.TrackType.VIDEO, **{name: _VALUES[name]})

    for info in told(request):
        assert getattr(info, name) == getattr(request, name)


def test_codecs_of_a_track_are_carried_through() -> None:
    mode = pb_models.VideoLayer.Mode.MULTIPLE_SPATIAL_LAYERS_PER_STREAM
    request = pb.AddTrackRequest(
        cid="cid",
        type=pb_models.TrackType.VIDEO,
        simulcast_codecs=[
            pb.SimulcastCodec(codec="vp9", cid="cid", layers=[_LAYER], video_layer_mode=mode),
            pb.SimulcastCodec(codec="video/VP8", cid="other", layers=[_LAYER]),
        ],
    )

    for info in told(request):
        assert info.mime_type == "video/VP9"
        assert [codec.mime_type for codec in info.codecs] == ["video/VP9", "video/VP8"]
        assert [codec.cid for codec in info.codecs] == ["cid", "other"]
        assert [codec.video_layer_mode for codec in info.codecs] == [mode, 0]
        assert [list(codec.layers) for codec in info.codecs] == [[_LAYER], [_LAYER]]


@pytest.mark.parametrize(
    ("codec", "mime_type"), [("audio/PCMU", "audio/PCMU"), ("pcma", "audio/PCMA"), ("audio/OPUS", "audio/opus")]
)
def test_codec_of_sound_is_carried_through(codec: str, mime_type: str) -> None:
    request = pb.AddTrackRequest(
        cid="cid", type=pb_models.TrackType.AUDIO, simulcast_codecs=[pb.SimulcastCodec(codec=codec, cid="cid")]
    )

    for info in told(request):
        assert info.mime_type == info.codecs[0].mime_type == mime_type


def test_values_that_the_protocol_does_not_have_are_not_told() -> None:
    request = pb.AddTrackRequest(cid="cid", type=pb_models.TrackType.VIDEO)
    request.backup_codec_policy = 99  # type: ignore[assignment]
    request.packet_trailer_features.append(99)  # type: ignore[arg-type]
    request.encryption = 99  # type: ignore[assignment]

    for info in told(request):
        assert (info.backup_codec_policy, list(info.packet_trailer_features), info.encryption) == (0, [], 0)
