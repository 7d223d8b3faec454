"""The one translator from errors to what docs/page-api.md promises: ``{message, name, status, code}``."""

from collections.abc import Sequence

from starlette.responses import JSONResponse

from moothall.api.errors import ApiError, InputInvalid, PayloadTooLarge
from moothall.db import UNREACHABLE
from moothall.meeting.errors import (
    ChatOff,
    ChatTooFast,
    HostLinkInvalid,
    MeetingExpired,
    MeetingFull,
    MeetingRefused,
    MeetingUnknown,
    NameInvalid,
    NotPermitted,
    Removed,
    TextInvalid,
    WaitingUnknown,
)

_UNAVAILABLE_S = 5

_REFUSALS: dict[type[MeetingRefused], tuple[int, str, str, str]] = {
    HostLinkInvalid: (403, "ForbiddenError", "host_link_invalid", "The host link does not belong to this meeting"),
    ChatOff: (403, "ForbiddenError", "chat_off", "This meeting has no chat"),
    NotPermitted: (403, "ForbiddenError", "not_permitted", "You may not do that in this meeting"),
    Removed: (403, "ForbiddenError", "removed", "You were removed from the meeting"),
    WaitingUnknown: (404, "NotFoundError", "unknown_waiting", "Nobody waits like that any more"),
    MeetingUnknown: (404, "NotFoundError", "unknown_meeting", "There is no meeting with this code"),
    MeetingFull: (409, "ConflictError", "meeting_full", "The meeting is full"),
    MeetingExpired: (410, "GoneError", "meeting_expired", "The meeting is over"),
    NameInvalid: (400, "InputValidationError", "invalid_input", '"name" must have between 1 and 64 visible characters'),
    TextInvalid: (
        400,
        "InputValidationError",
        "invalid_input",
        '"message" must have between 1 and 2000 visible characters',
    ),
}

EXPECTED = (MeetingRefused, ApiError, *UNREACHABLE, TimeoutError)


class SlowDown(Exception):
    """Too many requests or wrong guesses; ``retry_after`` in whole seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(retry_after)
        self.retry_after = retry_after


def render(error: Exception) -> JSONResponse:
    """The answer to a request that ended in one of ``EXPECTED`` or SlowDown."""
    match error:
        case SlowDown() | ChatTooFast():
            return _answer(
                429, "TooManyRequestsError", "too_many_requests", "Too many requests", retry_after=error.retry_after
            )
        case MeetingRefused():
            status, name, code, message = _REFUSALS[type(error)]
            errors = (message,) if isinstance(error, NameInvalid | TextInvalid) else ()
            return _answer(status, name, code, message, errors=errors)
        case InputInvalid() | PayloadTooLarge():
            return _answer(400, "InputValidationError", "invalid_input", error.message, errors=error.errors)
        case _:
            return _answer(
                503,
                "ServiceUnavailableError",
                "unavailable",
                "The server cannot answer now",
                retry_after=_UNAVAILABLE_S,
            )


def _answer(
    status: int,
    name: str,
    code: str,
    message: str,
    *,
    errors: Sequence[object] = (),
    retry_after: int | None = None,
) -> JSONResponse:
    body: dict[str, object] = {"message": message, "name": name, "status": status, "code": code}
    if errors:
        body["errors"] = list(errors)
    headers = {"cache-control": "no-store"}
    if retry_after is not None:
        headers["retry-after"] = str(retry_after)
    return JSONResponse(body, status, headers=headers)
