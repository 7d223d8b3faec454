"""Sessions and attendance on the wire."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic.json_schema import SkipJsonSchema

from moothall.api.paging import PageBody
from moothall.kit.clock import render_dates
from moothall.sessions.model import TYPES, Attendance, Role, Session


class SessionBody(BaseModel):
    model_config = ConfigDict(title="Session")

    id: str = Field(examples=["2_MX40NjMz…"])
    room_id: str
    started_at: str = Field(examples=["2026-11-22T12:00:00.000Z"])
    ended_at: str | SkipJsonSchema[None] = Field(None, description="Absent during the session.")
    duration: float = Field(description="Seconds; until now during the session.", examples=[3600.0])


class SessionPage(PageBody):
    embedded: list[SessionBody] = Field(alias="_embedded")


class AttendanceBody(BaseModel):
    """One stay; leaving and coming back makes two."""

    model_config = ConfigDict(title="Attendance")

    participant_id: str
    name: str = Field(examples=["Ada"])
    type: str = Field(description="`Owner` or `Guest`.", examples=["Guest"])
    is_host: bool
    joined_at: str
    left_at: str | SkipJsonSchema[None] = Field(None, description="Absent while the participant is inside.")
    duration: float = Field(description="Seconds; until now while inside.", examples=[1800.5])


class AttendancePage(PageBody):
    embedded: list[AttendanceBody] = Field(alias="_embedded")


def render_session(session: Session, now: datetime) -> dict[str, Any]:
    return {
        "id": session.id,
        "room_id": session.room_id,
        **render_dates(started_at=session.started_at, ended_at=session.ended_at),
        "duration": _seconds(session.started_at, session.ended_at or now),
    }


def render_attendance(attendance: Attendance, now: datetime) -> dict[str, Any]:
    return {
        "participant_id": attendance.participant_id,
        "name": attendance.name,
        "type": TYPES[attendance.role],
        "is_host": attendance.role is Role.OWNER,
        **render_dates(joined_at=attendance.joined_at, left_at=attendance.left_at),
        "duration": _seconds(attendance.joined_at, attendance.left_at or attendance.away_since or now),
    }


def _seconds(start: datetime, end: datetime) -> float:
    """Return the duration, never negative: the engine may read its clock later than a request."""
    return max((end - start).total_seconds(), 0.0)
