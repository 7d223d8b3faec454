"""Recordings."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

MEDIA_TYPES = {".mp4": "video/mp4", ".webm": "video/webm", ".mka": "audio/x-matroska", ".ogg": "audio/ogg"}


class RecordingStatus(StrEnum):
    STARTED = "started"
    PAUSED = "paused"
    # The recording has ended; the file is not ready yet.
    STOPPED = "stopped"
    # The file is ready.
    UPLOADED = "uploaded"


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording as stored.

    ``file`` is the file's name in the folder of recordings, ``size`` its bytes, ``sha256`` in
    hexadecimal; all are None until the file is ready.
    """

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
