"""Idempotency keys and their retention (draft-ietf-httpapi-idempotency-key-header)."""

import re
from datetime import timedelta

HEADER = "Idempotency-Key"
REPLAYED_HEADER = "Idempotent-Replayed"
MAX_KEY_LENGTH = 255
# A key sent again after this time counts as new.
RETENTION = timedelta(hours=24)
# A command to a running meeting that takes longer counts as lost with its process.
LEASE = timedelta(seconds=30)

# A string (RFC 9651 section 3.3.3), or, as many clients write it, the same without quotes.
KEY_PATTERN = rf'^(?:[!#-~][!-~]{{0,{MAX_KEY_LENGTH - 1}}}|"(?:[ !#-\[\]-~]|\\["\\]){{1,{MAX_KEY_LENGTH}}}")$'
_KEY = re.compile(KEY_PATTERN.removeprefix("^").removesuffix("$"))
_ESCAPED = re.compile(r'\\(["\\])')


def parse_key(header: str) -> str:
    """Return the key of a header, with or without quotes. Raises ValueError."""
    if not _KEY.fullmatch(header):
        raise ValueError(f"must have between 1 and {MAX_KEY_LENGTH} visible ASCII characters")
    return _ESCAPED.sub(r"\1", header[1:-1]) if header.startswith('"') else header
