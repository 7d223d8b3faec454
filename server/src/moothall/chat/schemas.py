"""Chat on the wire."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from moothall.api.paging import PageBody
from moothall.chat.model import ChatMessage
from moothall.kit.clock import render_timestamp
from moothall.sessions.model import TYPES, Role


class ChatMessageBody(BaseModel):
    model_config = ConfigDict(title="ChatMessage")

    number: int = Field(description="Counts the messages of the session from 1.", examples=[1])
    sent_at: str = Field(examples=["2026-11-22T12:00:00.000Z"])
    participant_id: str
    name: str = Field(description="As it was when the message was written.", examples=["Ada"])
    type: str = Field(description="`Owner` or `Guest`.", examples=["Guest"])
    is_host: bool
    text: str = Field(description="Plain text; lines end with a line feed.", examples=["Good morning"])
    is_removed: bool = Field(description="Whether a host removed it; then there is no text.")


class ChatPage(PageBody):
    embedded: list[ChatMessageBody] = Field(alias="_embedded")


def render_message(message: ChatMessage) -> dict[str, Any]:
    return {
        "number": message.number,
        "sent_at": render_timestamp(message.sent_at),
        "participant_id": message.participant_id,
        "name": message.name,
        "type": TYPES[message.role],
        "is_host": message.role is Role.OWNER,
        "text": message.text,
        "is_removed": message.removal is not None,
    }
