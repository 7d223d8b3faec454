"""Wire shapes of the page's calls."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from moothall.chat.model import LONGEST_TEXT
from moothall.kit.clock import render_timestamp
from moothall.meeting.chat import History, render_packet
from moothall.meeting.service import Lookup, Ticket, Wait
from moothall.meeting.waiting import Waiting
from moothall.rooms.model import shown_expiry
from moothall.themes.model import LOGO_FIELDS, Theme, logo_url

MeetingCode = Annotated[str, Field(pattern=r"^[0-9]{1,32}$")]
ParticipantToken = Annotated[str, Field(min_length=1, max_length=1024)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class LookupBody(_Body):
    meeting_code: MeetingCode
    participant_token: ParticipantToken | None = None


class JoinBody(LookupBody):
    # Counted in code points here, to bound the work; rules.clean_name counts what people see.
    name: Annotated[str, Field(min_length=1, max_length=512)]
    control_token: Annotated[str, Field(min_length=1, max_length=2048)] | None = None


class WaitingBody(_Body):
    waiting_token: Annotated[str, Field(min_length=1, max_length=128)]


class AnswerBody(_Body):
    participant_id: Annotated[str, Field(min_length=1, max_length=64)]


class MessageBody(_Body):
    message: Annotated[str, Field(min_length=1, max_length=LONGEST_TEXT)]


class HistoryBody(_Body):
    after: Annotated[int, Field(ge=0, le=2**31 - 1)] | None = None


def render_lookup(found: Lookup) -> dict[str, Any]:
    room = found.room
    expires_at = shown_expiry(room)
    return {
        "role": found.role.value,
        "room": {
            "display_name": room.display_name,
            "meeting_code": room.meeting_code,
            "type": room.type.value,
            "expires_at": None if expires_at is None else render_timestamp(expires_at),
            "initial_join_options": asdict(room.initial_join_options),
            "join_approval_level": room.join_approval_level.value,
            "available_features": asdict(room.available_features),
            "ui_settings": asdict(room.ui_settings),
            "theme": None if found.theme is None else render_theme(found.theme),
        },
        "participants": found.participants,
    }


def render_theme(theme: Theme) -> dict[str, Any]:
    """Images are named by their path: the page loads them from where it comes from itself."""
    images = {name: getattr(theme, name) for name in LOGO_FIELDS.values()}
    return {
        "main_color": theme.main_color,
        "brand_text": theme.brand_text,
        **{f"{name}_url": None if logo_id is None else logo_url("", logo_id) for name, logo_id in images.items()},
        "short_company_url": theme.short_company_url,
    }


def render_wait(wait: Wait) -> dict[str, Any]:
    return {"status": "waiting", "reason": wait.reason.value}


def render_waiting(people: Sequence[Waiting]) -> dict[str, Any]:
    return {
        "waiting": [
            {"participant_id": one.participant_id, "name": one.name, "since": render_timestamp(one.since)}
            for one in people
        ]
    }


def render_history(history: History) -> dict[str, Any]:
    return {
        "session_id": history.session_id,
        "messages": [render_packet(message) for message in history.messages],
        "has_more": history.has_more,
    }


def render_ticket(ticket: Ticket) -> dict[str, Any]:
    return {
        "participant_id": ticket.participant_id,
        "role": ticket.role.value,
        "name": ticket.name,
        "url": ticket.url,
        "token": ticket.token,
        "control_token": ticket.control_token,
    }
