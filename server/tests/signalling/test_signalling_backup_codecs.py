"""A track in two codecs.

The second is asked for when a receiver cannot decode the first, and no longer than that.
"""

from dataclasses import replace
from typing import Any

from livekit.protocol import rtc as pb
from support.playbook import Stage

from moothall.livekit import limits
from moothall.livekit.codec import encode_response
from moothall.livekit.model import Kind, RequestResult, SimulcastCodec, TrackSource, VideoQuality
from moothall.livekit.requests import AddTrack, UpdateSubscription
from moothall.livekit.responses import (
    ParticipantUpdate,
    RequestAnswered,
    SubscribedAudioCodecUpdate,
    SubscribedQualityUpdate,
    TrackPublished,
)
from moothall.signalling import commands
from moothall.signalling.events import OfferAccepted, Section, StreamCodecChanged, TrackWentLive

VP9, VP8 = SimulcastCodec("video/VP9", "camera"), SimulcastCodec("video/VP8", "")
PCMU, OPUS = SimulcastCodec("audio/PCMU", "camera"), SimulcastCodec("audio/opus", "")


class Scene:
    """Alice publishes in two codecs, Bob receives."""

    def __init__(self, kind: Kind = "video", codecs: tuple[SimulcastCodec, ...] = (VP9, VP8)) -> None:
        self.stage = Stage()
        self.kind: Kind = kind
        self.alice, self.bob = self.stage.joins("alice"), self.stage.joins("bob")
        source = TrackSource.CAMERA if kind == "video" else TrackSource.MICROPHONE
        self.track = self.stage.publishes(self.alice, "camera", kind, source, live=False, codecs=codecs)
        self.publish = self.stage.did(commands.PublishTrack)
        self.stage.happens(TrackWentLive(self.track, codecs[0].mime_type if codecs else ""))
        self.stage.negotiates()

    def decodes(self, mime_type: str) -> list[Any]:
        """The SFU says what Bob gets; what Alice is told of it."""
        self.stage.happens(StreamCodecChanged(self.bob, self.track, mime_type))
        return self.asked()

    def asked(self) -> list[Any]:
        kind = SubscribedQualityUpdate if self.kind == "video" else SubscribedAudioCodecUpdate
        return self.stage.told(self.alice, kind)

    def adds_backup(self, codec: str = "vp8", cid: str = "backup") -> list[TrackPublished]:
        # The Go SDK says neither kind nor source here.
        codecs = (SimulcastCodec(f"audio/{codec}", cid),)
        self.stage.says(self.alice, AddTrack(cid=cid, kind="audio", codecs=codecs, sid=self.track))
        return self.stage.told(self.alice, TrackPublished)

    def offers(self, *sections: tuple[str, str]) -> None:
        known = [Section(mid, self.kind, sending=True, layers=1, track_id=cid) for mid, cid in sections]
        first = Section(f"m{self.track}", self.kind, sending=True, layers=1, track_id="camera")
        self.stage.happens(OfferAccepted(self.alice, 2, "answer", (first, *known)))


def test_codec_is_named_to_the_sfu() -> None:
    assert [command.codec for command in Scene().publish] == ["vp9"]
    assert [command.codec for command in Scene(codecs=()).publish] == [""]


def test_backup_is_asked_for_when_somebody_cannot_decode_the_first() -> None:
    scene = Scene()

    asked = SubscribedQualityUpdate(scene.track, "vp9", VideoQuality.HIGH, (("vp8", VideoQuality.HIGH),))
    assert scene.decodes("") == [asked]
    assert scene.decodes("") == []


def test_sounds_backup_is_asked_for_in_a_message_of_its_own() -> None:
    scene = Scene("audio", (PCMU, OPUS))

    assert scene.decodes("") == [SubscribedAudioCodecUpdate(scene.track, (("pcmu", True), ("opus", True)))]


def test_nothing_is_asked_of_a_publisher_without_a_backup() -> None:
    assert Scene(codecs=(VP9,)).decodes("") == []
    assert Scene("audio", (PCMU,)).decodes("") == []


def test_backup_is_bound_to_the_section_that_names_it() -> None:
    scene = Scene()
    scene.decodes("")
    (published,) = scene.adds_backup()
    scene.offers(("7", "something else"), ("8", "backup"))

    assert scene.stage.did(commands.PublishBackup) == [commands.PublishBackup(scene.track, "8", "vp8")]
    assert (published.cid, published.track.sid) == ("backup", scene.track)
    updates = [one for one in scene.stage.sent_to(scene.bob) if isinstance(one, ParticipantUpdate)]
    (seen,) = updates[-1].participants[0].tracks
    assert seen.mime_type == "video/VP9"
    assert [(codec.mime_type, codec.cid) for codec in seen.codecs] == [("video/VP9", "camera"), ("video/vp8", "backup")]
    assert seen.codecs[1].mid == "8"
    assert scene.stage.did(commands.UnpublishTrack) == []


def test_backup_is_bound_to_a_section_of_another_name_where_none_names_it() -> None:
    scene = Scene()
    scene.adds_backup()
    scene.offers(("9", "{a browser's own id}"))

    assert scene.stage.did(commands.PublishBackup) == [commands.PublishBackup(scene.track, "9", "vp8")]


def test_section_of_the_backup_is_no_other_tracks() -> None:
    scene = Scene()
    scene.adds_backup()
    scene.stage.says(scene.alice, AddTrack(cid="screen", kind="video", source=TrackSource.SCREEN_SHARE))
    scene.offers(("8", "backup"), ("9", "screen"))

    assert [command.mid for command in scene.stage.did(commands.PublishTrack)] == ["9"]
    assert [command.mid for command in scene.stage.did(commands.PublishBackup)] == ["8"]
    scene.offers(("8", "backup"), ("9", "screen"))
    assert scene.stage.did(commands.PublishTrack) == scene.stage.did(commands.PublishBackup) == []


def test_first_codec_is_asked_for_no_more_when_all_get_the_backup() -> None:
    scene = Scene()
    scene.decodes("")
    scene.adds_backup()
    scene.offers(("8", "backup"))
    scene.stage.happens(StreamCodecChanged(scene.bob, scene.track, "video/VP8"))
    scene.stage.passes(limits.DYNACAST_LOWERING_DELAY)

    (told,) = scene.asked()
    assert (told.max_quality, told.backups) == (VideoQuality.OFF, (("vp8", VideoQuality.HIGH),))
    assert scene.decodes("video/VP9") == [replace(told, max_quality=VideoQuality.HIGH)]


def test_backup_ends_with_the_last_who_needs_it() -> None:
    for kind, codecs in (("video", (VP9, VP8)), ("audio", (PCMU, OPUS))):
        scene = Scene(kind, codecs)  # type: ignore[arg-type]
        scene.decodes("")
        scene.stage.says(scene.bob, UpdateSubscription((scene.track,), subscribe=False))
        scene.stage.passes(limits.DYNACAST_LOWERING_DELAY)

        (told,) = scene.asked()
        assert not (told.codecs[1][1] if kind == "audio" else told.backups[0][1] is not VideoQuality.OFF)


def test_backups_of_nothing_are_refused() -> None:
    scene = Scene()

    def refused(request: AddTrack) -> RequestResult:
        scene.stage.says(scene.alice, request)
        return scene.stage.one(RequestAnswered).result

    vp9 = (SimulcastCodec("video/VP9", "x"),)
    assert refused(AddTrack(cid="x", kind="video", codecs=vp9, sid="TR_nobody")) is RequestResult.NOT_FOUND
    assert refused(AddTrack(cid="x", kind="video", codecs=vp9, sid=scene.track)) is RequestResult.INVALID_REQUEST
    assert refused(AddTrack(cid="x", kind="video", sid=scene.track)) is RequestResult.INVALID_REQUEST


def test_what_is_asked_for_is_written_as_clients_read_it() -> None:
    asked = SubscribedQualityUpdate("TR_1", "vp9", VideoQuality.LOW, (("vp8", VideoQuality.OFF),))
    read = pb.SignalResponse.FromString(encode_response(asked)).subscribed_quality_update  # type: ignore[arg-type]
    wanted = {codec.codec: [one.enabled for one in codec.qualities] for codec in read.subscribed_codecs}
    assert wanted == {"vp9": [True, False, False], "vp8": [False, False, False]}
    assert [one.enabled for one in read.subscribed_qualities] == [True, False, False]

    sound = encode_response(SubscribedAudioCodecUpdate("TR_1", (("pcmu", True), ("opus", False))))
    codecs = pb.SignalResponse.FromString(sound).subscribed_audio_codec_update.subscribed_audio_codecs  # type: ignore[arg-type]
    assert [(one.codec, one.enabled) for one in codecs] == [("pcmu", True), ("opus", False)]
