"""Errors for the caller, worded as in the contract.

Services raise them; ``api.handlers`` turns them into responses.

The body is ``{message, name, status}`` and, where details are known, ``errors``.
"""

from collections.abc import Sequence
from typing import Any, ClassVar

# The length of the longest id that this server creates.
_LONGEST_ID = 128


class ApiError(Exception):
    """An expected refusal of a request."""

    status: ClassVar[int]
    name: ClassVar[str]

    def __init__(self, message: str, *, errors: Sequence[Any] = (), headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.errors = list(errors)
        self.headers = headers or {}

    def body(self) -> dict[str, Any]:
        body: dict[str, Any] = {"message": self.message, "name": self.name, "status": self.status}
        if self.errors:
            body["errors"] = self.errors
        return body


def shown(name: str) -> str:
    """Return a name that a client sent, shortened for an error text."""
    return name[:_LONGEST_ID]


class InputInvalid(ApiError):
    """The request is invalid; ``errors`` names each field."""

    status = 400
    name = "InputValidationError"


class BadRequest(ApiError):
    """The request is well-formed but not applicable to this object."""

    status = 400
    name = "BadRequestError"


class Unauthorized(ApiError):
    """The credentials are missing or wrong; the contract has a special body for each case."""

    status = 401
    name = "UnauthorizedError"

    @classmethod
    def missing(cls) -> "Unauthorized":
        return cls("Auth header is required", headers={"WWW-Authenticate": "Bearer"})

    @classmethod
    def refused(cls) -> "Unauthorized":
        return cls(
            "You did not provide correct credentials", headers={"WWW-Authenticate": 'Bearer error="invalid_token"'}
        )

    def body(self) -> dict[str, Any]:
        title = "Missing Auth" if self.message == "Auth header is required" else "Unauthorized"
        return {"title": title, "detail": self.message}


class Forbidden(ApiError):
    status = 403
    name = "ForbiddenError"


class NotFound(ApiError):
    """The object does not exist or belongs to another application: the two must look the same."""

    status = 404
    name = "NotFoundError"


class MethodNotAllowed(ApiError):
    status = 405
    name = "MethodNotAllowedError"


class Conflict(ApiError):
    status = 409
    name = "ConflictError"


class PreconditionFailed(ApiError):
    """``If-Match`` does not name the current state of the object."""

    status = 412
    name = "PreconditionFailedError"


class PayloadTooLarge(ApiError):
    status = 413
    name = "PayloadTooLargeError"


class Unprocessable(ApiError):
    """The ``Idempotency-Key`` was used for a different request."""

    status = 422
    name = "UnprocessableEntityError"


class TooManyRequests(ApiError):
    """The rate limit is exceeded; ``retry_after`` is in whole seconds."""

    status = 429
    name = "TooManyRequestsError"

    def __init__(self, message: str, *, retry_after: int) -> None:
        super().__init__(message, headers={"Retry-After": str(retry_after)})


class Unavailable(ApiError):
    """The server cannot answer now; ``retry_after`` is in whole seconds."""

    status = 503
    name = "ServiceUnavailableError"

    def __init__(self, message: str, *, retry_after: int = 5) -> None:
        super().__init__(message, headers={"Retry-After": str(retry_after)})
