"""Sessions and attendance on the wire."""

from dataclasses import asdict
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.json_schema import SkipJsonSchema

from moothall.api.paging import PageBody
from moothall.kit.clock import render_dates
from moothall.sessions.model import TYPES, Attendance, ConnectionCheck, Role, Session


class SessionBody(BaseModel):
    model_config = ConfigDict(title="Session")

    id: str = Field(examples=["2_MX40NjMz…"])
    room_id: str
    started_at: str = Field(examples=["2026-11-22T12:00:00.000Z"])
    ended_at: str | SkipJsonSchema[None] = Field(None, description="Absent during the session.")
    duration: float = Field(description="Seconds; until now during the session.", examples=[3600.0])


class SessionPage(PageBody):
    embedded: list[SessionBody] = Field(alias="_embedded")


class SessionsBody(BaseModel):
    model_config = ConfigDict(title="Sessions")

    embedded: list[SessionBody] = Field(alias="_embedded")
    after: int = Field(description="Send it with the next request.")
    has_more: bool


DeviceAccessText = Field(description="What the browser allows; `none` without such a device.")


class ConnectionCheckBody(BaseModel):
    """The result of a connection check that the participant ran before joining.

    It is the page's claim: the server measures none of it.
    """

    model_config = ConfigDict(title="ConnectionCheck")

    reported_by: Literal["participant"] = Field(description="Whose claim it is.")
    measured_at: str = Field(examples=["2026-11-22T11:59:30.000Z"])
    verdict: Literal["good", "fair", "poor", "blocked"] = Field(
        description="As the page told the participant. `blocked`: no media got through."
    )
    camera: Literal["granted", "denied", "prompt", "none"] = DeviceAccessText
    microphone: Literal["granted", "denied", "prompt", "none"] = DeviceAccessText
    udp: bool | None = Field(description="Whether media gets through over UDP; null: not tried.")
    tcp: bool | None = Field(description="Whether media gets through over TCP; null: not tried.")
    relayed: bool = Field(description="Whether a TURN server carried the media.")
    round_trip_ms: int | None = Field(examples=[24])
    jitter_ms: int | None = Field(examples=[3])
    upload_kbps: int | None = Field(description="At least this; higher rates than 2,000 are not told.", examples=[1650])
    download_kbps: int | None = Field(
        description="At least this; higher rates than 2,000 are not told.", examples=[1500]
    )
    upload_loss_percent: float | None = Field(examples=[0.0])
    download_loss_percent: float | None = Field(examples=[0.4])


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
    connection_check: ConnectionCheckBody | SkipJsonSchema[None] = Field(
        None, description="Absent where the participant made no check before joining."
    )


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
        **_render_check(attendance.connection_check),
    }


def _render_check(check: ConnectionCheck | None) -> dict[str, Any]:
    if check is None:
        return {}
    dates = render_dates(measured_at=check.measured_at)
    return {"connection_check": {"reported_by": "participant", **dates, **asdict(check.findings)}}


def _seconds(start: datetime, end: datetime) -> float:
    """Return the duration, never negative: the engine may read its clock later than a request."""
    return max((end - start).total_seconds(), 0.0)
