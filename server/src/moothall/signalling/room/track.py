"""One track of a participant: what was asked for, and what has become of it."""

from dataclasses import dataclass, field, replace

from moothall.livekit.model import Kind, SimulcastCodec, TrackInfo, VideoQuality
from moothall.livekit.requests import AddTrack, UpdateTrackSettings

# A layer counts as large enough when it misses the wanted size by no more than this.
_SIZE_TOLERANCE = 0.9


@dataclass(slots=True)
class Track:
    """A publication.

    It is *bound* when a media section carries it and *announced* once the others know of it.
    """

    sid: str
    request: AddTrack
    muted: bool
    mid: str = ""
    layers: int = 1
    mime_type: str = ""
    live: bool = False
    announced: bool = False
    audio_features: tuple[int, ...] = ()
    width: int = 0
    height: int = 0
    # Whether the publisher knows that somebody receives it.
    received: bool = False
    # Dynacast: what the publisher was last told to encode.
    told_quality: VideoQuality = VideoQuality.HIGH
    told_backup_quality: VideoQuality = VideoQuality.OFF
    # The codec for receivers that cannot decode the first, once its publisher has added it, and the
    # section that carries it.
    backup: SimulcastCodec | None = None
    # Receivers (sids) that get the backup, or will once it is there.
    on_backup: set[str] = field(default_factory=set)

    @property
    def kind(self) -> Kind:
        return self.request.kind

    @property
    def source_name(self) -> str:
        return self.request.source.name.lower()

    @property
    def codec(self) -> str:
        """The codec's lower-case name, as dynacast messages spell it."""
        return (self.mime_type or self._requested_mime_type).split("/")[1].lower()

    @property
    def backup_codec(self) -> str:
        """Lower-case name of the backup codec that the publisher has, or could add.

        Empty when there is none.
        """
        if self.backup is not None:
            return self.backup.name
        return self.request.codecs[1].name if len(self.request.codecs) > 1 else ""

    @property
    def _requested_mime_type(self) -> str:
        if self.request.codecs:
            return self.request.codecs[0].mime_type
        return "audio/opus" if self.kind == "audio" else "video/VP8"

    @property
    def forbids_redundancy(self) -> bool:
        """Whether its sound must not be sent twice.

        What is encrypted end to end could not be taken apart on the way.
        """
        return self.request.disable_red or self.request.encryption != 0

    def info(self) -> TrackInfo:
        request = self.request
        return TrackInfo(
            sid=self.sid,
            kind=request.kind,
            name=request.name,
            source=request.source,
            muted=self.muted,
            mime_type=self.mime_type or self._requested_mime_type,
            mid=self.mid,
            codecs=self._codecs(),
            width=self.width,
            height=self.height,
            simulcast=self.layers > 1,
            layers=request.layers,
            stereo=request.stereo,
            disable_dtx=request.disable_dtx,
            disable_red=self.forbids_redundancy,
            encryption=request.encryption,
            stream=request.stream,
            audio_features=self.audio_features,
            packet_trailer_features=request.packet_trailer_features,
            backup_codec_policy=request.backup_codec_policy,
        )

    def _codecs(self) -> tuple[SimulcastCodec, ...]:
        """As others are told of them: a backup is what was announced until a section carries it."""
        mime_type = self.mime_type or self._requested_mime_type
        bound = self.backup if self.backup is not None and self.backup.mid else None
        if not self.request.codecs:
            published = SimulcastCodec(mime_type, self.request.cid, self.request.layers, mid=self.mid)
            return (published,) if bound is None else (published, bound)
        first, *declared = self.request.codecs
        backups = declared if bound is None else [bound]
        published = replace(
            first,
            mime_type=mime_type,
            cid=first.cid or self.request.cid,
            layers=first.layers or self.request.layers,
            mid=self.mid,
        )
        return (published, *backups)

    def quality_for(self, settings: UpdateTrackSettings) -> VideoQuality:
        """The smallest layer that fills the wanted size; without a size, the quality asked for."""
        if not settings.width or not settings.height:
            return min(settings.quality, VideoQuality.HIGH)
        wanted = sorted((settings.width, settings.height))
        for layer in sorted(self.request.layers, key=lambda layer: layer.quality):
            size = sorted((layer.width, layer.height))
            if all(have >= want * _SIZE_TOLERANCE for have, want in zip(size, wanted, strict=True)):
                return min(layer.quality, VideoQuality.HIGH)
        return VideoQuality.HIGH
