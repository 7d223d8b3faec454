"""The media engine as the rest of the server sees it.

The embedded engine (our SFU in this process) implements it; an engine on a LiveKit cluster, for
users who outgrow one machine, is planned. Rooms are named by the API's room id and participants
by their participant id, both UUIDs.
"""

from moothall.engine.events import (
    EngineEvent,
    LeaveReason,
    ParticipantAborted,
    ParticipantJoined,
    ParticipantKind,
    ParticipantLeft,
    RoomFinished,
    RoomStarted,
    TrackPublished,
    TrackUnpublished,
)
from moothall.engine.fan_out import fan_out
from moothall.engine.interface import (
    AWAY_ATTRIBUTE,
    CHECK_ROOM_PREFIX,
    LOOKALIKE_ATTRIBUTE,
    PROMOTED_ATTRIBUTE,
    ROLE_ATTRIBUTE,
    SERVER_ATTRIBUTES,
    TOKEN_LEEWAY,
    Admission,
    AdmissionGate,
    Applicant,
    Ender,
    EngineListener,
    JoinGrant,
    LiveTrack,
    MediaEngine,
    Meetings,
    Refusal,
    RefusalReason,
    Remover,
    Source,
    is_check_room,
)

__all__ = [
    "AWAY_ATTRIBUTE",
    "CHECK_ROOM_PREFIX",
    "LOOKALIKE_ATTRIBUTE",
    "PROMOTED_ATTRIBUTE",
    "ROLE_ATTRIBUTE",
    "SERVER_ATTRIBUTES",
    "TOKEN_LEEWAY",
    "Admission",
    "AdmissionGate",
    "Applicant",
    "Ender",
    "EngineEvent",
    "EngineListener",
    "JoinGrant",
    "LeaveReason",
    "LiveTrack",
    "MediaEngine",
    "Meetings",
    "ParticipantAborted",
    "ParticipantJoined",
    "ParticipantKind",
    "ParticipantLeft",
    "Refusal",
    "RefusalReason",
    "Remover",
    "RoomFinished",
    "RoomStarted",
    "Source",
    "TrackPublished",
    "TrackUnpublished",
    "fan_out",
    "is_check_room",
]
