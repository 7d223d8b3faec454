"""Wire shapes of the page's calls."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated, Any, Literal

from pydantic import AliasChoices, BaseModel, ConfigDict, Field

from moothall.chat.model import LONGEST_TEXT
from moothall.checks.service import CheckTicket
from moothall.feeds.model import Reading
from moothall.kit.clock import render_timestamp
from moothall.meeting.feeds import render_entries
from moothall.meeting.lobby_entries import LobbyEntry
from moothall.meeting.outcome import JoinTicket, Lookup, Wait
from moothall.reactions.model import Reaction
from moothall.rooms.model import shown_expiry
from moothall.sessions.model import DeviceAccess, Findings
from moothall.themes.model import LOGO_FIELDS, Theme, ThemeBackground, background_url, logo_url

MeetingCode = Annotated[str, Field(pattern=r"^[0-9]{1,32}$")]
ParticipantToken = Annotated[str, Field(min_length=1, max_length=1024)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class LookupBody(_Body):
    meeting_code: MeetingCode
    participant_token: ParticipantToken | None = None


class JoinBody(LookupBody):
    # Counted in code points here, to bound the work; kit.names counts what people see.
    name: Annotated[str, Field(min_length=1, max_length=512)]
    # Pages of the version before, which are open while a server is upgraded, use the second name.
    rejoin_token: Annotated[
        str | None,
        Field(min_length=1, max_length=2048, validation_alias=AliasChoices("rejoin_token", "control_token")),
    ] = None
    # The token of an earlier stay in the waiting room.
    lobby_token: Annotated[str, Field(min_length=1, max_length=128)] | None = None


class LobbyBody(_Body):
    lobby_token: Annotated[
        str, Field(min_length=1, max_length=128, validation_alias=AliasChoices("lobby_token", "waiting_token"))
    ]


class WaitingNameBody(LobbyBody):
    name: Annotated[str, Field(min_length=1, max_length=512)]


class AnswerBody(_Body):
    participant_id: Annotated[str, Field(min_length=1, max_length=64)]


class HandBody(_Body):
    raised: bool


class AwayBody(_Body):
    away: bool


Milliseconds = Annotated[int, Field(ge=0, le=60_000)]
Kilobits = Annotated[int, Field(ge=0, le=10_000)]
Percent = Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]


class ConnectionCheckBody(_Body):
    """The page checked the connection ``age_s`` seconds ago and found this."""

    age_s: Annotated[int, Field(ge=0, le=86_400)]
    verdict: Literal["good", "fair", "poor", "blocked"]
    camera: DeviceAccess
    microphone: DeviceAccess
    udp: bool | None
    tcp: bool | None
    relayed: bool
    round_trip_ms: Milliseconds | None
    jitter_ms: Milliseconds | None
    upload_kbps: Kilobits | None
    download_kbps: Kilobits | None
    upload_loss_percent: Percent | None
    download_loss_percent: Percent | None

    @property
    def findings(self) -> Findings:
        return Findings(**self.model_dump(exclude={"age_s"}))


class PermissionsBody(_Body):
    """Absent and null settings stay as they are."""

    microphone: bool | None = None
    camera: bool | None = None
    screen_share: bool | None = None
    chat: bool | None = None
    reactions: bool | None = None
    one_share_at_a_time: bool | None = None

    @property
    def wanted(self) -> dict[str, bool]:
        return {name: value for name, value in self.model_dump().items() if value is not None}


class AllowBody(AnswerBody):
    rights: Annotated[list[Literal["microphone", "camera", "screen_share", "chat", "reactions"]], Field(max_length=5)]


class MuteBody(AnswerBody):
    source: Literal["microphone", "camera", "screen_share"]


class ReplaceSharesBody(_Body):
    # More than may share at once.
    participant_ids: Annotated[list[Annotated[str, Field(min_length=1, max_length=64)]], Field(max_length=16)]


class MuteAllBody(_Body):
    source: Literal["microphone", "camera", "screen_share"]
    lock: bool = False


class UnmuteBody(AnswerBody):
    source: Literal["microphone", "camera"]


class ReactionBody(_Body):
    reaction: Annotated[Reaction, Field(strict=False)]


class LockBody(_Body):
    locked: bool


class SpotlightBody(AnswerBody):
    on: bool


class RemoveBody(AnswerBody):
    may_return: bool = False


class MessageBody(_Body):
    message: Annotated[str, Field(min_length=1, max_length=LONGEST_TEXT)]


class RemoveMessageBody(_Body):
    number: Annotated[int, Field(ge=1, le=2**53 - 1)]


class PinBody(_Body):
    number: Annotated[int, Field(ge=1, le=2**53 - 1)] | None


class FeedBody(_Body):
    feed: Annotated[str, Field(pattern=r"^[a-z_]{1,32}(:[A-Za-z0-9_-]{1,40})?$")]
    after: Annotated[int, Field(ge=0, le=2**53 - 1)] | None = None


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
            "theme": None if found.theme is None else render_theme(found.theme, found.backgrounds),
        },
        "participants": found.participants,
        "server_time": render_timestamp(found.at),
    }


def render_theme(theme: Theme, backgrounds: Sequence[ThemeBackground]) -> dict[str, Any]:
    """Images are named by their path: the page loads them from where it comes from itself."""
    images = {name: getattr(theme, name) for name in LOGO_FIELDS.values()}
    return {
        "main_color": theme.main_color,
        "brand_text": theme.brand_text,
        **{f"{name}_url": None if logo_id is None else logo_url("", logo_id) for name, logo_id in images.items()},
        "short_company_url": theme.short_company_url,
        "background_urls": [background_url("", background.background_id) for background in backgrounds],
    }


def render_wait(wait: Wait) -> dict[str, Any]:
    return {"status": "waiting", "reason": wait.reason.value}


def render_lobby_entry(wait: Wait) -> dict[str, Any]:
    """The second name of the token is for pages of the version before."""
    return {**render_wait(wait), "lobby_token": wait.lobby_token, "waiting_token": wait.lobby_token}


def render_waiting(people: Sequence[LobbyEntry]) -> dict[str, Any]:
    return {
        "waiting": [
            {"participant_id": one.participant_id, "name": one.name, "since": render_timestamp(one.since)}
            for one in people
        ]
    }


def render_reading(reading: Reading) -> dict[str, Any]:
    return {
        "session_id": reading.session_id,
        "generation": reading.head.generation,
        "number": reading.number,
        "entries": render_entries(reading.entries),
        "has_more": reading.has_more,
    }


def render_check_ticket(ticket: CheckTicket) -> dict[str, Any]:
    return asdict(ticket)


def render_ticket(ticket: JoinTicket) -> dict[str, Any]:
    return {
        "participant_id": ticket.participant_id,
        "role": ticket.role.value,
        "name": ticket.name,
        "url": ticket.url,
        "token": ticket.token,
        "control_token": ticket.control_token,
        "rejoin_token": ticket.rejoin_token,
    }
