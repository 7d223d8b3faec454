"""Answers of the page's calls as models: the shapes that ``schemas.py`` renders.

The page's own API document is made from them.
"""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid")


class RoomTheme(_Answer):
    main_color: str
    brand_text: str
    brand_image_colored_url: str | None
    brand_image_white_url: str | None
    branded_favicon_url: str | None
    short_company_url: str | None
    background_urls: list[str]


class InitialJoinOptions(_Answer):
    microphone_state: Literal["on", "off", "default"]


class AvailableFeatures(_Answer):
    is_recording_available: bool
    is_chat_available: bool
    is_whiteboard_available: bool
    is_locale_switcher_available: bool
    is_captions_available: bool


class UiSettings(_Answer):
    language: str


class MeetingRoom(_Answer):
    display_name: str
    meeting_code: str
    type: Literal["instant", "long_term"]
    expires_at: str | None
    initial_join_options: InitialJoinOptions
    join_approval_level: Literal["none", "after_owner_only", "explicit_approval"]
    available_features: AvailableFeatures
    ui_settings: UiSettings
    theme: RoomTheme | None


class LookupAnswer(_Answer):
    role: Literal["owner", "guest"]
    room: MeetingRoom
    participants: int = Field(description="Number of people who are inside now.")
    server_time: str = Field(description="The time on the server, which a wrong clock is measured by.")


class JoinTicketAnswer(_Answer):
    """Permission to connect once."""

    participant_id: str
    role: Literal["owner", "guest"]
    name: str
    url: str | None = Field(description="Where livekit-client connects; null: to the origin of the page.")
    token: str
    control_token: str = Field(description="Authorises the calls of whoever is inside.")
    rejoin_token: str = Field(description="Lets this page come back as the same participant.")


class CheckTicketAnswer(_Answer):
    """Permission to check this connection once, with a publisher and a subscriber."""

    url: str | None = Field(description="Where livekit-client connects; null: to the origin of the page.")
    publisher_token: str
    subscriber_token: str
    seconds: int = Field(description="A check that takes longer is ended.")
    bits_per_second: int = Field(description="The most video that the subscriber is sent.")


class LobbyPlaceAnswer(_Answer):
    """A guest has to wait; the token asks how that stands."""

    status: Literal["waiting"]
    reason: Literal["owner_absent", "approval"]
    lobby_token: str
    waiting_token: str = Field(description="The same, for pages of the version before.")


class StillWaitingAnswer(_Answer):
    status: Literal["waiting"]
    reason: Literal["owner_absent", "approval"]


class AdmittedAnswer(JoinTicketAnswer):
    status: Literal["admitted"]


class DeniedAnswer(_Answer):
    status: Literal["denied"]
    retry_after: int | None = Field(description="Seconds before one may ask again; null: not in this session.")


class WaitingNameAnswer(_Answer):
    name: str = Field(description="As it is shown.")


class EndedAnswer(_Answer):
    """The owner ended the session for everybody, those who wait included."""

    status: Literal["ended"]


class LobbyPersonAnswer(_Answer):
    participant_id: str
    name: str
    since: str


class LobbyListAnswer(_Answer):
    waiting: list[LobbyPersonAnswer]


class HostAnswer(_Answer):
    participant_id: str
    name: str


class ChatMessageAnswer(_Answer):
    """A chat message; plain text."""

    id: str
    timestamp: int = Field(description="Milliseconds since 1970.")
    message: str
    session_id: str
    number: int = Field(description="Counts the messages of the session from 1.")
    participant_id: str
    name: str
    role: Literal["owner", "guest"]
    revision: int = Field(description="The number of the change to the chat that made it as it is.")
    is_removed: bool = Field(description="Whether a host removed it; then `message` is empty.")
    removed_by: HostAnswer | None = Field(description="Null for the application, and where it was not removed.")


class FeedEntryAnswer(_Answer):
    """The present value of one key."""

    number: int = Field(description="Of the change that made it so.")
    key: str
    value: dict[str, Any] | None = Field(description="Null once the key has no value any more.")


class FeedAnswer(_Answer):
    session_id: str
    generation: int = Field(description="With another one, or another session, a reader begins anew from null.")
    number: int = Field(description="The reader has every change up to here, and asks on from here.")
    entries: list[FeedEntryAnswer] = Field(description="At most 200, in the order of their numbers.")
    has_more: bool = Field(description="Whether later changes follow.")


class PageErrorAnswer(_Answer):
    message: str
    name: str
    status: int
    code: str
    errors: list[object] | None = None
