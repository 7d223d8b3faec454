"""The key of a request that may be repeated, and when its answer is forgotten (draft-ietf-httpapi-idempotency-key-header)."""

import re
from datetime import timedelta

HEADER = "Idempotency-Key"
REPLAYED_HEADER = "Idempotent-Replayed"
MAX_KEY_LENGTH = 255
# A key sent again later than this is a new one.
RETENTION = timedelta(hours=24)
# How long a command to a running meeting may take before it counts as lost with the process that ran it.
LEASE = timedelta(seconds=30)

# A string of RFC 9651 section 3.3.3, or, as many clients write it, the same without the quotes.
KEY_PATTERN = rf'^(?:[!#-~][!-~]{{0,{MAX_KEY_LENGTH - 1}}}|"(?:[ !#-\[\]-~]|\\["\\]){{1,{MAX_KEY_LENGTH}}}")$'
_KEY = re.compile(KEY_PATTERN.removeprefix("^").removesuffix("$"))
_ESCAPED = re.compile(r'\\(["\\])')


def parse_key(header: str) -> str:
    """The key a header stands for; with and without quotes it is the same. Raises ValueError."""
    if not _KEY.fullmatch(header):
        raise ValueError(f"must have between 1 and {MAX_KEY_LENGTH} visible ASCII characters")
    return _ESCAPED.sub(r"\1", header[1:-1]) if header.startswith('"') else header
