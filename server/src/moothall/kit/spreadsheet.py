"""Tables for spreadsheets: CSV (RFC 4180)."""

import csv
import io
from collections.abc import Iterable

# Spreadsheets run a cell that begins with one of these as a formula (CSV injection).
_BEGINS_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def as_text(value: str) -> str:
    """Put an apostrophe before a text that a spreadsheet would run as a formula."""
    return f"'{value}" if value.startswith(_BEGINS_FORMULA) else value


def csv_lines(rows: Iterable[Iterable[object]]) -> str:
    lines = io.StringIO(newline="")
    csv.writer(lines).writerows(rows)
    return lines.getvalue()
