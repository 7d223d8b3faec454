"""What a recording is."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

MEDIA_TYPES = {".mp4": "video/mp4", ".webm": "video/webm", ".mka": "audio/x-matroska", ".ogg": "audio/ogg"}


class RecordingStatus(StrEnum):
    STARTED = "started"
    PAUSED = "paused"
    # Nothing more is recorded; the file is not ready yet.
    STOPPED = "stopped"
    # The file is there.
    UPLOADED = "uploaded"


@dataclass(frozen=True, slots=True)
class Recording:
    """``file`` is the name of the file in the folder of recordings, ``size`` in bytes, ``sha256`` hexadecimal; None until there is one."""

    id: str
    application_id: str
    room_id: str
    session_id: str
    started_at: datetime
    ended_at: datetime | None = None
    status: RecordingStatus = RecordingStatus.STARTED
    file: str | None = None
    size: int | None = None
    sha256: str | None = None
