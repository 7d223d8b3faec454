"""The reference's description of idempotent requests."""

from typing import Any

from moothall.idempotency.model import HEADER, KEY_PATTERN, MAX_KEY_LENGTH, REPLAYED_HEADER, RETENTION

_PARAMETER = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "description": f"Makes the request safe to repeat: for {RETENTION.total_seconds() / 3600:.0f} hours the same request with the same key "
    f"gets the same answer, with `{REPLAYED_HEADER}: true`, and has no further effect. A different request with the same key is refused with "
    f"422. Use a UUID, for example; at most {MAX_KEY_LENGTH} characters. Refusals are not stored.",
    "schema": {"type": "string", "maxLength": 2 * MAX_KEY_LENGTH + 2, "pattern": KEY_PATTERN},
}


def repeatable(extra: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return the ``openapi_extra`` of an idempotent route, merged with ``extra``.

    Its errors include 409 and 422.
    """
    return {**(extra or {}), "parameters": [_PARAMETER]}
