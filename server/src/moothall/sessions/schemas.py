"""Sessions and attendance on the wire."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from moothall.api.paging import PageLinks
from moothall.kit.clock import render_timestamp
from moothall.sessions.model import TYPES, Attendance, Role, Session


class SessionBody(BaseModel):
    model_config = ConfigDict(title="Session")

    id: str = Field(examples=["2_MX40NjMz…"])
    room_id: str
    started_at: str = Field(examples=["2026-11-22T12:00:00.000Z"])
    ended_at: str | None = Field(description="Null while it goes on.")
    duration: float = Field(description="Seconds, until now while it goes on.", examples=[3600.0])


class SessionPage(BaseModel):
    page_size: int
    total_items: int = Field(description="All sessions of the room.")
    embedded: list[SessionBody] = Field(alias="_embedded")
    links: PageLinks = Field(alias="_links")


class AttendanceBody(BaseModel):
    """One stay; who leaves and comes back has two."""

    model_config = ConfigDict(title="Attendance")

    participant_id: str
    name: str = Field(examples=["Ada"])
    type: str = Field(description="`Owner` or `Guest`.", examples=["Guest"])
    is_host: bool
    joined_at: str
    left_at: str | None = Field(description="Null while inside.")
    duration: float = Field(description="Seconds, until now while inside.", examples=[1800.5])


class AttendancePage(BaseModel):
    page_size: int
    total_items: int = Field(description="All stays of the session.")
    embedded: list[AttendanceBody] = Field(alias="_embedded")
    links: PageLinks = Field(alias="_links")


def render_session(session: Session, now: datetime) -> dict[str, Any]:
    return {
        "id": session.id,
        "room_id": session.room_id,
        "started_at": render_timestamp(session.started_at),
        "ended_at": None if session.ended_at is None else render_timestamp(session.ended_at),
        "duration": _seconds(session.started_at, session.ended_at or now),
    }


def render_attendance(attendance: Attendance, now: datetime) -> dict[str, Any]:
    return {
        "participant_id": attendance.participant_id,
        "name": attendance.name,
        "type": TYPES[attendance.role],
        "is_host": attendance.role is Role.OWNER,
        "joined_at": render_timestamp(attendance.joined_at),
        "left_at": None if attendance.left_at is None else render_timestamp(attendance.left_at),
        "duration": _seconds(attendance.joined_at, attendance.left_at or attendance.away_since or now),
    }


def _seconds(start: datetime, end: datetime) -> float:
    """Never negative: the engine may read its clock a moment later than a request."""
    return max((end - start).total_seconds(), 0.0)
