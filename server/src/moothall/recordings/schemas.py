"""Recordings on the wire: the shape of responses for the reference."""

from datetime import datetime

from pydantic import BaseModel, Field
from pydantic.json_schema import SkipJsonSchema

from moothall.recordings.model import RecordingStatus


class FileLink(BaseModel):
    href: str | None = Field(
        description="Link to the file, valid for 15 minutes: request it when you need it. Null until the status is `uploaded`.",
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
    ended_at: datetime | SkipJsonSchema[None] = Field(None, description="Absent during the recording.")
    status: RecordingStatus
    links: RecordingLinks = Field(alias="_links")


class RecordingOfRoom(Recording):
    room_id: str


class AllRecordings(BaseModel):
    embedded: list[RecordingOfRoom] = Field(alias="_embedded")
    after: str | None = Field(description="Send it with the next request.")
    has_more: bool


class Recordings(BaseModel):
    recordings: list[Recording]


class SessionRecordings(BaseModel):
    embedded: Recordings = Field(alias="_embedded")
