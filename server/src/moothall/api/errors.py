"""The caller's errors, as the contract words them. Services raise them; ``api.handlers`` turns them into responses.

The body is ``{message, name, status}`` and, where there is more to say, ``errors``.
"""

from collections.abc import Sequence
from typing import Any, ClassVar


class ApiError(Exception):
    """A normal "no" to the caller."""

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


class InputInvalid(ApiError):
    """The request does not validate; ``errors`` names each field."""

    status = 400
    name = "InputValidationError"


class BadRequest(ApiError):
    """The request is well-formed, but what it asks for makes no sense for this object."""

    status = 400
    name = "BadRequestError"


class Unauthorized(ApiError):
    """No credentials, or credentials we do not accept; the two bodies are the contract's and differ from all others."""

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
    """There is no such object, or it is another application's: the two must look the same."""

    status = 404
    name = "NotFoundError"


class MethodNotAllowed(ApiError):
    status = 405
    name = "MethodNotAllowedError"


class Conflict(ApiError):
    status = 409
    name = "ConflictError"


class PreconditionFailed(ApiError):
    """``If-Match`` names another state than the object is in."""

    status = 412
    name = "PreconditionFailedError"


class PayloadTooLarge(ApiError):
    status = 413
    name = "PayloadTooLargeError"


class Unprocessable(ApiError):
    """An ``Idempotency-Key`` that was used for another request."""

    status = 422
    name = "UnprocessableEntityError"


class TooManyRequests(ApiError):
    """Slow down; ``retry_after`` in whole seconds."""

    status = 429
    name = "TooManyRequestsError"

    def __init__(self, message: str, *, retry_after: int) -> None:
        super().__init__(message, headers={"Retry-After": str(retry_after)})


class Unavailable(ApiError):
    """We cannot answer now; ``retry_after`` in whole seconds."""

    status = 503
    name = "ServiceUnavailableError"

    def __init__(self, message: str, *, retry_after: int = 5) -> None:
        super().__init__(message, headers={"Retry-After": str(retry_after)})
