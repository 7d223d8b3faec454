"""What the reference says of requests that may be repeated."""

from typing import Any

from moothall.idempotency.model import HEADER, KEY_PATTERN, MAX_KEY_LENGTH, REPLAYED_HEADER, RETENTION

_PARAMETER = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "description": f"Makes the request safe to send again: for {RETENTION.total_seconds() / 3600:.0f} hours the same request with the same key "
    f"gets the same answer, with `{REPLAYED_HEADER}: true`, and has no further effect. Another request with the same key is refused with "
    f"422. A UUID will do; at most {MAX_KEY_LENGTH} characters. Refusals are not remembered.",
    "schema": {"type": "string", "maxLength": 2 * MAX_KEY_LENGTH + 2, "pattern": KEY_PATTERN},
}


def repeatable(extra: dict[str, Any] | None = None) -> dict[str, Any]:
    """The ``openapi_extra`` of a route that is carried out once; ``extra`` is what else is in it. Its errors include 409 and 422."""
    return {**(extra or {}), "parameters": [_PARAMETER]}
