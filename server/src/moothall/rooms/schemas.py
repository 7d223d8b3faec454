"""Rooms on the wire: what requests may say, and the shape of responses for the reference."""

from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StringConstraints, model_validator

from moothall.api.fields import Line, Moment, Text, Uuid, WebAddress, choice_of
from moothall.api.paging import Link, PageLinks
from moothall.rooms.model import (
    MAX_DISPLAY_NAME,
    MAX_METADATA,
    JoinApprovalLevel,
    Language,
    MicrophoneState,
    RoomType,
)

_ROOM_ID = "7b1091e1-6c3f-4b0e-9b0e-2f6a36ad3d80"


class _Body(BaseModel):
    """A part of a request: unknown keys are refused, null means the default."""

    model_config = ConfigDict(extra="forbid")

    def given(self) -> dict[str, Any]:
        """The keys the client wrote; a group as the dictionary of the keys it wrote in it."""
        values = {name: getattr(self, name) for name in self.model_fields_set}
        return {name: value.given() if isinstance(value, _Body) else value for name, value in values.items()}


class RecordingOptionsBody(_Body):
    auto_record: StrictBool | None = Field(False, description="Record every session from its start.")
    record_only_owner: StrictBool | None = Field(False, description="Record the owner only.")


class InitialJoinOptionsBody(_Body):
    microphone_state: Annotated[MicrophoneState | None, choice_of(MicrophoneState)] = Field(
        MicrophoneState.DEFAULT, description="How the microphone starts; `default`: as the participant chooses."
    )


class CallbackUrlsBody(_Body):
    rooms_callback_url: WebAddress | None = Field(None, description="Gets `room:…` events.")
    sessions_callback_url: WebAddress | None = Field(None, description="Gets `session:…` events.")
    recordings_callback_url: WebAddress | None = Field(None, description="Gets `recording:…` events.")


class AvailableFeaturesBody(_Body):
    is_recording_available: StrictBool | None = True
    is_chat_available: StrictBool | None = True
    is_whiteboard_available: StrictBool | None = True
    is_locale_switcher_available: StrictBool | None = True
    is_captions_available: StrictBool | None = False


class UiSettingsBody(_Body):
    language: Annotated[Language | None, choice_of(Language)] = Field(
        Language.DEFAULT, description="Language of the meeting page; `default`: the browser's."
    )


class RoomChanges(_Body):
    """What can be changed later. Groups are changed key by key."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    expires_at: Moment | None = Field(
        None, description="When a long-term room ends: more than 10 minutes and at most one year ahead."
    )
    expire_after_use: StrictBool | None = Field(
        False, description="End a long-term room 10 minutes after the last participant left."
    )
    theme_id: Uuid | None = None
    join_approval_level: Annotated[JoinApprovalLevel | None, choice_of(JoinApprovalLevel)] = Field(
        JoinApprovalLevel.NONE, description="Whether guests wait: for nothing, for the owner, or to be admitted."
    )
    initial_join_options: InitialJoinOptionsBody | None = None
    callback_urls: CallbackUrlsBody | None = Field(
        None, description="Where this room's events go instead of the application's webhooks."
    )
    available_features: AvailableFeaturesBody | None = None
    ui_settings: UiSettingsBody | None = None
    recording_options: RecordingOptionsBody | None = None

    @model_validator(mode="after")
    def _something_given(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("must have at least 1 key")
        return self


class CreateRoom(RoomChanges):
    display_name: Annotated[Line, StringConstraints(max_length=MAX_DISPLAY_NAME)] = Field(examples=["Weekly"])
    metadata: Annotated[Text, StringConstraints(max_length=MAX_METADATA)] | None = Field(
        None, description="Yours; sent as a header of every callback about the room."
    )
    type: Annotated[RoomType | None, choice_of(RoomType)] = Field(
        RoomType.INSTANT,
        description="`instant`: ends 10 minutes after its creation or after the last participant left. "
        "`long_term`: ends at `expires_at`, which it needs.",
    )

    def options(self) -> dict[str, Any]:
        """The fields that can also be changed later."""
        given = self.given()
        return {name: value for name, value in given.items() if name not in ("display_name", "type", "expires_at")}


class UpdateRoom(_Body):
    update_details: RoomChanges

    @model_validator(mode="before")
    @classmethod
    def _accept_synonym(cls, value: Any) -> Any:
        if isinstance(value, dict) and "update_options" in value and "update_details" not in value:
            return {"update_details" if name == "update_options" else name: item for name, item in value.items()}
        return value


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
    expires_at: datetime | None = Field(description="Null for an instant room while people are inside.")
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


class RoomPage(BaseModel):
    page_size: int
    total_items: int = Field(description="All rooms of the application.")
    embedded: list[Room] = Field(alias="_embedded")
    links: PageLinks = Field(alias="_links")
