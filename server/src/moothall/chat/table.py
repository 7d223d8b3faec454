"""Chat as a table for spreadsheets: CSV (RFC 4180) in UTF-8. Pure."""

from collections.abc import Iterable

from moothall.chat.model import ChatMessage
from moothall.kit.clock import render_timestamp
from moothall.kit.spreadsheet import as_text, csv_lines
from moothall.sessions.model import TYPES

_COLUMNS = ("number", "sent_at", "participant_id", "name", "type", "text")


def render_heading() -> str:
    return csv_lines([_COLUMNS])


def render_rows(messages: Iterable[ChatMessage]) -> str:
    """Prefix text that a spreadsheet would run as a formula with an apostrophe."""
    return csv_lines(
        (
            message.number,
            render_timestamp(message.sent_at),
            message.participant_id,
            as_text(message.name),
            TYPES[message.role],
            as_text(message.text),
        )
        for message in messages
    )
