"""The media engine as the rest of the server sees it.

Two implementations keep the same promises: the embedded one (our SFU in this process) and, when users outgrow one machine, a LiveKit
cluster. Rooms are named by the API's room id and participants by their participant id, both UUIDs.
"""

from moothall.engine.events import (
    EngineEvent,
    LeaveReason,
    ParticipantAborted,
    ParticipantJoined,
    ParticipantLeft,
    RoomFinished,
    RoomStarted,
    TrackPublished,
    TrackUnpublished,
)
from moothall.engine.interface import (
    Admission,
    AdmissionGate,
    EngineListener,
    JoinGrant,
    LiveTrack,
    MediaEngine,
    Meetings,
    Refusal,
    Remover,
)

__all__ = [
    "Admission",
    "AdmissionGate",
    "EngineEvent",
    "EngineListener",
    "JoinGrant",
    "LeaveReason",
    "LiveTrack",
    "MediaEngine",
    "Meetings",
    "ParticipantAborted",
    "ParticipantJoined",
    "ParticipantLeft",
    "Refusal",
    "Remover",
    "RoomFinished",
    "RoomStarted",
    "TrackPublished",
    "TrackUnpublished",
]
