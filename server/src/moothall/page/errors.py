"""The one translator from errors to what docs/page-api.md promises.

``{message, name, status, code}``.
"""

from collections.abc import Sequence

from starlette.responses import JSONResponse

from moothall.api.errors import ApiError, BadRequest, InputInvalid, PayloadTooLarge
from moothall.db import UNREACHABLE
from moothall.feeds.model import FeedFull
from moothall.meeting.errors import (
    ChatOff,
    DeniedBefore,
    FeedUnknown,
    HostLinkInvalid,
    LobbyEntryUnknown,
    MeetingExpired,
    MeetingFull,
    MeetingLocked,
    MeetingRefused,
    MeetingUnavailable,
    MeetingUnknown,
    MessageUnknown,
    NameInvalid,
    NotPermitted,
    ParticipantUnknown,
    Removed,
    SessionUnknown,
    SharesChanged,
    TextInvalid,
    TooFast,
)

_UNAVAILABLE_S = 5

_REFUSALS: dict[type[MeetingRefused], tuple[int, str, str, str]] = {
    HostLinkInvalid: (403, "ForbiddenError", "host_link_invalid", "The host link does not belong to this meeting"),
    ChatOff: (403, "ForbiddenError", "chat_off", "This meeting has no chat"),
    NotPermitted: (403, "ForbiddenError", "not_permitted", "You may not do that in this meeting"),
    Removed: (403, "ForbiddenError", "removed", "You were removed from the meeting"),
    MeetingLocked: (403, "ForbiddenError", "locked", "The meeting is locked"),
    MeetingUnavailable: (503, "ServiceUnavailableError", "unavailable", "There is no place at the moment"),
    LobbyEntryUnknown: (404, "NotFoundError", "unknown_waiting", "This waiting-room entry no longer exists"),
    ParticipantUnknown: (404, "NotFoundError", "unknown_participant", "Nobody in the meeting has this id"),
    MessageUnknown: (404, "NotFoundError", "unknown_message", "There is no such message"),
    FeedUnknown: (404, "NotFoundError", "unknown_feed", "There is no such feed in this meeting"),
    SessionUnknown: (404, "NotFoundError", "unknown_meeting", "Nobody is in the meeting"),
    MeetingUnknown: (404, "NotFoundError", "unknown_meeting", "There is no meeting with this code"),
    SharesChanged: (409, "ConflictError", "share_changed", "Somebody else shares their screen by now"),
    MeetingFull: (409, "ConflictError", "meeting_full", "The meeting is full"),
    MeetingExpired: (410, "GoneError", "meeting_expired", "The meeting is over"),
    NameInvalid: (400, "InputValidationError", "invalid_input", '"name" {error}'),
    TextInvalid: (
        400,
        "InputValidationError",
        "invalid_input",
        '"message" must have between 1 and 2000 visible characters',
    ),
}

EXPECTED = (MeetingRefused, FeedFull, ApiError, *UNREACHABLE, TimeoutError)


class SlowDown(Exception):
    """Too many requests or wrong guesses; ``retry_after`` in whole seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(retry_after)
        self.retry_after = retry_after


def render(error: Exception) -> JSONResponse:
    """The answer to a request that ended in one of ``EXPECTED`` or SlowDown."""
    match error:
        case SlowDown() | TooFast():
            return _answer(
                429, "TooManyRequestsError", "too_many_requests", "Too many requests", retry_after=error.retry_after
            )
        case DeniedBefore():
            return _answer(
                403,
                "ForbiddenError",
                "denied",
                "The host did not let you in",
                retry_after=error.retry_after,
            )
        case MeetingRefused():
            status, name, code, text = _REFUSALS[type(error)]
            message = text.format(error=error)
            errors = (message,) if isinstance(error, NameInvalid | TextInvalid) else ()
            return _answer(status, name, code, message, errors=errors)
        case FeedFull():
            return _answer(409, "ConflictError", "too_much", "There is no room for more in this meeting")
        case InputInvalid() | BadRequest() | PayloadTooLarge():
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
