"""The commands of a room. ``embedded`` carries them out in order; none of them waits.

Participants are named by sid, tracks by track sid.
"""

from dataclasses import dataclass

from moothall.livekit.model import CandidateProtocol, DataMessage, Kind, Report, Target
from moothall.livekit.responses import Response


@dataclass(frozen=True, slots=True)
class Send:
    """Put one message on the sockets of these participants."""

    to: tuple[str, ...]
    response: Response


@dataclass(frozen=True, slots=True)
class CloseSocket:
    """After what was sent before has been written."""

    sid: str
    code: int = 1000


@dataclass(frozen=True, slots=True)
class SendToken:
    """Mint a fresh access token for what the participant may do now, and send it."""

    sid: str


@dataclass(frozen=True, slots=True)
class AddPeer:
    """``is_single``: the client has one connection.

    ``tcp_only``: it is told of no other way to reach us.
    """

    sid: str
    is_single: bool = False
    tcp_only: bool = False


@dataclass(frozen=True, slots=True)
class RemovePeer:
    sid: str


@dataclass(frozen=True, slots=True)
class AcceptOffer:
    """Answered by OfferAccepted or NegotiationFailed."""

    sid: str
    offer_id: int
    sdp: str


@dataclass(frozen=True, slots=True)
class CreateOffer:
    """Answered by OfferCreated or NegotiationFailed."""

    sid: str
    restart_ice: bool


@dataclass(frozen=True, slots=True)
class RequireSections:
    """For one-connection clients.

    Answered by SectionsRequired, OfferNotNeeded or NegotiationFailed.
    """

    sid: str


@dataclass(frozen=True, slots=True)
class AcceptAnswer:
    """Answered by AnswerAccepted or NegotiationFailed."""

    sid: str
    sdp: str


@dataclass(frozen=True, slots=True)
class AddCandidate:
    sid: str
    target: Target
    candidate: str


@dataclass(frozen=True, slots=True)
class PublishTrack:
    sid: str
    track_sid: str
    mid: str
    kind: Kind
    muted: bool
    # Video of a screen rather than of a camera.
    is_screen: bool
    # Lower-case name of the codec it will come in; empty when the client did not say.
    codec: str = ""


@dataclass(frozen=True, slots=True)
class PublishBackup:
    """Another section of the same participant carries the track in another codec."""

    track_sid: str
    mid: str
    codec: str


@dataclass(frozen=True, slots=True)
class UnpublishTrack:
    track_sid: str


@dataclass(frozen=True, slots=True)
class SetTrackMuted:
    track_sid: str
    muted: bool


@dataclass(frozen=True, slots=True)
class SubscribeTrack:
    sid: str
    track_sid: str
    stream_id: str


@dataclass(frozen=True, slots=True)
class UnsubscribeTrack:
    sid: str
    track_sid: str


@dataclass(frozen=True, slots=True)
class ConfigureSubscription:
    """``max_layer`` 0 low … 2 high; ``max_fps`` 0 for no limit."""

    sid: str
    track_sid: str
    enabled: bool
    max_layer: int
    max_fps: int
    priority: int


@dataclass(frozen=True, slots=True)
class LimitVideo:
    """Give the videos this participant receives no more than that.

    ``bits_per_second`` 0: no such limit.
    """

    sid: str
    bits_per_second: int


@dataclass(frozen=True, slots=True)
class RememberProtocol:
    """Keep the transport for a leaving participant's next connection, if it returns soon."""

    identity: str
    protocol: CandidateProtocol


@dataclass(frozen=True, slots=True)
class SendData:
    """``identity`` and ``sender_sid`` replace whatever the sender claimed to be.

    Both empty for the server itself.
    """

    to: tuple[str, ...]
    reliable: bool
    identity: str
    sender_sid: str
    message: DataMessage


Command = (
    Send
    | CloseSocket
    | SendToken
    | AddPeer
    | RemovePeer
    | AcceptOffer
    | CreateOffer
    | RequireSections
    | AcceptAnswer
    | AddCandidate
    | PublishTrack
    | PublishBackup
    | UnpublishTrack
    | SetTrackMuted
    | SubscribeTrack
    | UnsubscribeTrack
    | ConfigureSubscription
    | LimitVideo
    | RememberProtocol
    | SendData
    | Report
)
