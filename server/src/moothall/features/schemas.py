"""The shared state of a running meeting, on the wire of the API."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictBool, StrictInt
from pydantic.json_schema import SkipJsonSchema

from moothall.meeting.rights import Right


def _take_whole(value: Any) -> Any:
    """240.0 is an integer of JSON Schema (2020-12 validation, section 6.1.1)."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


MessageNumber = Annotated[StrictInt, Field(ge=1, le=2**53 - 1), BeforeValidator(_take_whole)]


class GuestsMayBody(BaseModel):
    model_config = ConfigDict(title="GuestsMay")

    microphone: bool
    camera: bool
    screen_share: bool
    chat: bool
    reactions: bool
    one_share_at_a_time: bool = Field(description="Whether a screen is shared by one person at a time, hosts included.")


class PermitBody(BaseModel):
    model_config = ConfigDict(extra="forbid", title="Permit")

    microphone: StrictBool | SkipJsonSchema[None] = None
    camera: StrictBool | SkipJsonSchema[None] = None
    screen_share: StrictBool | SkipJsonSchema[None] = None
    chat: StrictBool | SkipJsonSchema[None] = None
    reactions: StrictBool | SkipJsonSchema[None] = None
    one_share_at_a_time: StrictBool | SkipJsonSchema[None] = None

    @property
    def wanted(self) -> dict[str, bool]:
        return {name: value for name, value in self.model_dump().items() if value is not None}


class LockBody(BaseModel):
    model_config = ConfigDict(extra="forbid", title="Lock")

    locked: StrictBool


class SpotlightBody(BaseModel):
    model_config = ConfigDict(extra="forbid", title="Spotlight")

    on: StrictBool


class AllowBody(BaseModel):
    model_config = ConfigDict(extra="forbid", title="Allow")

    rights: list[Literal["microphone", "camera", "screen_share", "chat", "reactions"]] = Field(max_length=5)

    @property
    def wanted(self) -> list[Right]:
        return [Right(name) for name in self.rights]


class MuteAllBody(BaseModel):
    model_config = ConfigDict(extra="forbid", title="MuteAll")

    source: Literal["microphone", "camera", "screen_share"]
    lock: StrictBool = False


class AskToUnmuteBody(BaseModel):
    model_config = ConfigDict(extra="forbid", title="AskToUnmute")

    source: Literal["microphone", "camera"]


class PinMessageBody(BaseModel):
    model_config = ConfigDict(extra="forbid", title="PinMessage")

    number: MessageNumber | None = Field(description="The message's number in its session; null: no message.")


class RemoveMessageBody(BaseModel):
    model_config = ConfigDict(extra="forbid", title="RemoveMessage")

    number: MessageNumber = Field(description="The message's number in its session.")


class AllowedBody(BaseModel):
    model_config = ConfigDict(title="Allowed")

    participant_id: str
    rights: list[str] = Field(description="What this guest may do although guests may not.", examples=[["microphone"]])


class PinnedByBody(BaseModel):
    model_config = ConfigDict(title="PinnedBy")

    participant_id: str
    name: str


class PinnedMessageBody(BaseModel):
    model_config = ConfigDict(title="PinnedMessage")

    number: int = Field(description="The message's number in its session.")
    name: str = Field(description="Who wrote it.", examples=["Ada"])
    message: str
    pinned_by: PinnedByBody | None = Field(description="The host who pinned it; null for the application.")


class LiveStateBody(BaseModel):
    model_config = ConfigDict(title="LiveState")

    hands: list[str] = Field(description="The participant ids of raised hands, in the order of raising.")
    guests_may: GuestsMayBody = Field(description="What hosts and the application leave to guests.")
    locked: bool = Field(description="Whether nobody new is let in.")
    spotlight: list[str] = Field(description="The participant ids of those shown to all in the first place.")
    allowed: list[AllowedBody] = Field(description="What single guests may do although guests may not.")
    promoted: list[str] = Field(description="The participant ids of guests whom somebody made hosts.")
    pinned_message: PinnedMessageBody | None = Field(description="The chat message above the others.")
