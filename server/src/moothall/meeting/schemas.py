"""Running meetings on the wire."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from moothall.api.fields import choice_of
from moothall.kit.clock import render_timestamp
from moothall.meeting.live import LiveMeeting, LiveParticipant, LiveRoom, TrackChoice
from moothall.sessions.model import TYPES, Role


class LiveTrackBody(BaseModel):
    model_config = ConfigDict(title="LiveTrack")

    id: str = Field(examples=["TR_AMx7hPq2"])
    kind: str = Field(description="`audio` or `video`.", examples=["audio"])
    source: str = Field(
        description="`camera`, `microphone`, `screen_share`, `screen_share_audio` or `unknown`.",
        examples=["microphone"],
    )
    muted: bool


class LiveParticipantBody(BaseModel):
    model_config = ConfigDict(title="LiveParticipant")

    participant_id: str
    name: str = Field(examples=["Ada"])
    type: str = Field(description="`Owner` or `Guest`.", examples=["Owner"])
    is_host: bool
    joined_at: str
    tracks: list[LiveTrackBody]


class LiveSessionBody(BaseModel):
    model_config = ConfigDict(title="LiveSession")

    id: str
    started_at: str


class WaitingParticipantBody(BaseModel):
    model_config = ConfigDict(title="WaitingParticipant")

    participant_id: str
    name: str
    since: str


class LiveRoomBody(BaseModel):
    model_config = ConfigDict(title="LiveRoom")

    room_id: str
    session: LiveSessionBody | None = Field(description="Null when no session goes on.")
    participants: list[LiveParticipantBody] = Field(description="Who is connected now, in the order of joining.")
    waiting: list[WaitingParticipantBody] = Field(description="Who waits to be let in, the longest first.")


class LiveMeetingBody(BaseModel):
    model_config = ConfigDict(title="LiveMeeting")

    session_id: str
    room_id: str
    display_name: str = Field(description="The room's.", examples=["Weekly"])
    started_at: str = Field(examples=["2026-11-22T12:00:00.000Z"])
    participants: int = Field(description="How many people are connected.", examples=[4])
    waiting: int = Field(description="How many people wait to be let in.", examples=[0])


class LiveMeetingsBody(BaseModel):
    model_config = ConfigDict(title="LiveMeetings")

    embedded: list[LiveMeetingBody] = Field(alias="_embedded")
    after: int = Field(description="Send it with the next request.")
    has_more: bool


class MuteBody(BaseModel):
    model_config = ConfigDict(extra="forbid", title="Mute")

    tracks: Annotated[TrackChoice, choice_of(TrackChoice, required=True)] = Field(
        description="Which of the participant's tracks."
    )


class MutedBody(BaseModel):
    model_config = ConfigDict(title="Muted")

    muted: int = Field(description="How many tracks were muted by this; those that were muted before do not count.")


def render_live_room(live: LiveRoom) -> dict[str, Any]:
    session = live.session
    return {
        "room_id": live.room.id,
        "session": None if session is None else {"id": session.id, "started_at": render_timestamp(session.started_at)},
        "participants": [_render_participant(one) for one in live.participants],
        "waiting": [
            {"participant_id": one.participant_id, "name": one.name, "since": render_timestamp(one.since)}
            for one in live.waiting
        ],
    }


def render_live_meeting(meeting: LiveMeeting) -> dict[str, Any]:
    session = meeting.live.session
    return {
        "session_id": session.id,
        "room_id": session.room_id,
        "display_name": meeting.live.display_name,
        "started_at": render_timestamp(session.started_at),
        "participants": meeting.live.participants,
        "waiting": meeting.waiting,
    }


def _render_participant(participant: LiveParticipant) -> dict[str, Any]:
    attendance = participant.attendance
    return {
        "participant_id": attendance.participant_id,
        "name": attendance.name,
        "type": TYPES[attendance.role],
        "is_host": attendance.role is Role.OWNER,
        "joined_at": render_timestamp(attendance.joined_at),
        "tracks": [
            {"id": track.track_sid, "kind": track.kind, "source": track.source, "muted": track.muted}
            for track in participant.tracks
        ],
    }
