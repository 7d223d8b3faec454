"""Recordings on the wire: the shape of responses for the reference."""

from datetime import datetime

from pydantic import BaseModel, Field

from moothall.recordings.model import RecordingStatus


class FileLink(BaseModel):
    href: str | None = Field(
        description="Loads the file; valid for 15 minutes, so ask for it when you need it. Null until the recording is `uploaded`.",
        examples=["https://meet.example/files/recordings/9d7cd94b-04b9-4c5b-9b6d-9a3f1b2f6e11?expires=…&signature=…"],
    )


class RecordingLinks(BaseModel):
    url: FileLink


class Recording(BaseModel):
    id: str = Field(
        examples=["9d7cd94b-04b9-4c5b-9b6d-9a3f1b2f6e11"],
        json_schema_extra={"format": "uuid"},
    )
    session_id: str = Field(examples=["2_MX4wZkT9…"])
    started_at: datetime
    ended_at: datetime | None
    status: RecordingStatus
    links: RecordingLinks = Field(alias="_links")


class Recordings(BaseModel):
    recordings: list[Recording]


class SessionRecordings(BaseModel):
    embedded: Recordings = Field(alias="_embedded")
