"""Chat as a table for spreadsheets: CSV (RFC 4180) in UTF-8. Pure."""

import csv
import io
from collections.abc import Iterable

from moothall.chat.model import ChatMessage
from moothall.kit.clock import render_timestamp
from moothall.sessions.model import TYPES

_COLUMNS = ("number", "sent_at", "participant_id", "name", "type", "text")
# Spreadsheets run a cell that begins with one of these as a formula (CSV injection).
_BEGINS_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def render_heading() -> str:
    return _lines([_COLUMNS])


def render_rows(messages: Iterable[ChatMessage]) -> str:
    """Prefix text that a spreadsheet would run as a formula with an apostrophe."""
    return _lines(
        (
            message.number,
            render_timestamp(message.sent_at),
            message.participant_id,
            _as_text(message.name),
            TYPES[message.role],
            _as_text(message.text),
        )
        for message in messages
    )


def _as_text(value: str) -> str:
    return f"'{value}" if value.startswith(_BEGINS_FORMULA) else value


def _lines(rows: Iterable[Iterable[object]]) -> str:
    lines = io.StringIO(newline="")
    csv.writer(lines).writerows(rows)
    return lines.getvalue()
