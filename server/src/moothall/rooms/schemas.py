"""Rooms on the wire: what requests may say, and the shape of responses for the reference."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, Field, StrictBool, StringConstraints, model_validator
from pydantic.json_schema import SkipJsonSchema

from moothall.api.fields import (
    Moment,
    ShownName,
    SomeChanges,
    StrictBody,
    Text,
    Uuid,
    WebAddress,
    accept_update_options,
    choice_of,
    shown_within,
)
from moothall.api.paging import Link, PageBody
from moothall.rooms.model import (
    MAX_DISPLAY_NAME,
    MAX_METADATA,
    JoinApprovalLevel,
    Language,
    MicrophoneState,
    RoomType,
)

_DisplayName = Annotated[ShownName, StringConstraints(max_length=MAX_DISPLAY_NAME), shown_within(MAX_DISPLAY_NAME)]
_ROOM_ID = "7b1091e1-6c3f-4b0e-9b0e-2f6a36ad3d80"


class RecordingOptionsBody(StrictBody):
    auto_record: StrictBool | None = Field(False, description="Record every session from its start.")
    record_only_owner: StrictBool | None = Field(False, description="Record the owner only.")


class InitialJoinOptionsBody(StrictBody):
    microphone_state: Annotated[MicrophoneState | None, choice_of(MicrophoneState)] = Field(
        MicrophoneState.DEFAULT, description="Initial state of the microphone; `default` leaves it to the participant."
    )


class CallbackUrlsBody(StrictBody):
    rooms_callback_url: WebAddress | None = Field(None, description="Gets `room:…` events.")
    sessions_callback_url: WebAddress | None = Field(None, description="Gets `session:…` events.")
    recordings_callback_url: WebAddress | None = Field(None, description="Gets `recording:…` events.")


class AvailableFeaturesBody(StrictBody):
    is_recording_available: StrictBool | None = True
    is_chat_available: StrictBool | None = True
    is_whiteboard_available: StrictBool | None = True
    is_locale_switcher_available: StrictBool | None = True
    is_captions_available: StrictBool | None = False


class UiSettingsBody(StrictBody):
    language: Annotated[Language | None, choice_of(Language)] = Field(
        Language.DEFAULT, description="Language of the meeting page; `default` is the browser's."
    )


class RoomChanges(SomeChanges):
    """The fields of a room that can be changed later. Groups are changed key by key."""

    expires_at: Moment | None = Field(
        None, description="When a long-term room ends: more than 10 minutes and at most one year ahead."
    )
    expire_after_use: StrictBool | None = Field(
        False, description="End a long-term room 10 minutes after the last participant left."
    )
    theme_id: Uuid | None = None
    join_approval_level: Annotated[JoinApprovalLevel | None, choice_of(JoinApprovalLevel)] = Field(
        JoinApprovalLevel.NONE,
        description="Whether guests wait in the waiting room: not at all, until the owner joins, or until admitted.",
    )
    initial_join_options: InitialJoinOptionsBody | None = None
    callback_urls: CallbackUrlsBody | None = Field(
        None, description="URLs for this room's events instead of the application's webhooks."
    )
    available_features: AvailableFeaturesBody | None = None
    ui_settings: UiSettingsBody | None = None
    recording_options: RecordingOptionsBody | None = None


class CreateRoom(RoomChanges):
    display_name: _DisplayName = Field(examples=["Weekly"])
    metadata: Annotated[Text, StringConstraints(max_length=MAX_METADATA)] | None = Field(
        None, description="For your own use; sent as a header of every callback about the room."
    )
    type: Annotated[RoomType | None, choice_of(RoomType)] = Field(
        RoomType.INSTANT,
        description="`instant`: ends 10 minutes after its creation or after the last participant left. "
        "`long_term`: ends at `expires_at`, which is required.",
    )
    is_available: StrictBool | None = Field(
        None, description="Ignored: a new room is always available. One SDK sends it."
    )

    def options(self) -> dict[str, Any]:
        """Return the fields that ``service.create_room`` takes as ``options``."""
        apart = ("display_name", "type", "expires_at", "is_available")
        return {name: value for name, value in self.given().items() if name not in apart}


class UpdateRoom(StrictBody):
    update_details: RoomChanges

    _accept_synonym = model_validator(mode="before")(accept_update_options)


# Responses. Endpoints build these as plain dictionaries; the classes describe them.


class RecordingOptions(BaseModel):
    auto_record: bool
    record_only_owner: bool


class InitialJoinOptions(BaseModel):
    microphone_state: MicrophoneState


class CallbackUrls(BaseModel):
    rooms_callback_url: str | None
    sessions_callback_url: str | None
    recordings_callback_url: str | None


class AvailableFeatures(BaseModel):
    is_recording_available: bool
    is_chat_available: bool
    is_whiteboard_available: bool
    is_locale_switcher_available: bool
    is_captions_available: bool


class UiSettings(BaseModel):
    language: Language


class RoomLinks(BaseModel):
    host_url: Link = Field(description="Opens the room with the owner's rights until the room ends. Keep it secret.")
    guest_url: Link


class Room(BaseModel):
    id: str = Field(examples=[_ROOM_ID], json_schema_extra={"format": "uuid"})
    display_name: str = Field(examples=["Weekly"])
    metadata: str | None
    type: RoomType
    expires_at: datetime | SkipJsonSchema[None] = Field(
        None, description="Absent for an instant room while people are inside."
    )
    recording_options: RecordingOptions
    meeting_code: str = Field(
        examples=["483920174652"], description="Digits; part of the guest link, dialled by phones."
    )
    is_available: bool = Field(description="False once the room has ended.")
    theme_id: str | None
    created_at: datetime
    expire_after_use: bool
    join_approval_level: JoinApprovalLevel
    initial_join_options: InitialJoinOptions
    callback_urls: CallbackUrls
    available_features: AvailableFeatures
    ui_settings: UiSettings
    links: RoomLinks = Field(alias="_links")


class RoomPage(PageBody):
    embedded: list[Room] = Field(alias="_embedded")
