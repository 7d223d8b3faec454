"""One authenticated request, as an endpoint sees it."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends
from fastapi.openapi.models import HTTPBearer as HTTPBearerModel
from fastapi.security.base import SecurityBase
from starlette.requests import Request

from moothall.api.authentication import Authenticator
from moothall.api.cors import ListedOrigins
from moothall.api.errors import Unauthorized
from moothall.api.rates import RequestRates
from moothall.db import Database
from moothall.kit.clock import Clock
from moothall.settings import ServerSecrets, Settings

_HOST = re.compile(r"^(?:[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?$")


@dataclass(frozen=True, slots=True)
class ApiContext:
    """The services available to every endpoint; kept as ``app.state.api``."""

    database: Database
    clock: Clock
    settings: Settings
    secrets: ServerSecrets
    authenticator: Authenticator
    rates: RequestRates
    origins: ListedOrigins


@dataclass(frozen=True, slots=True)
class Call:
    """The caller, the time of the request and the address it was sent to.

    ``base_url`` is scheme and host, without a trailing slash.
    """

    application_id: str
    account_id: str
    now: datetime
    base_url: str
    database: Database
    secrets: ServerSecrets


class _ApplicationToken(SecurityBase):
    """The security scheme of the reference, and the dependency that enforces it."""

    def __init__(self) -> None:
        self.model: Any = HTTPBearerModel(
            bearerFormat="JWT",
            description="A JWT signed with RS256 and the application's private key. Claims: `application_id`, `iat`, "
            "`jti` and, to be valid for longer than 15 minutes, `exp` (at most 24 hours after `iat`). "
            "SDKs create a token for every request; `moothall token mint` creates one by hand.",
        )
        self.scheme_name = "applicationToken"

    async def __call__(self, request: Request) -> Call:
        context: ApiContext = request.app.state.api
        try:
            caller = await context.authenticator.authenticate(request.headers.get("authorization"))
        except Unauthorized:
            count_refusal(request, context)
            raise
        request.scope["application_id"] = caller.application_id
        request.scope["allowed_origins"] = caller.allowed_origins
        operation = request.scope["route"].operation_id
        costly = operation.startswith(("list_", "delete_"))
        request.scope["more_headers"] = context.rates.count(
            caller.application_id, context.clock.monotonic(), costly=costly
        )
        return Call(
            caller.application_id,
            caller.account_id,
            context.clock.now(),
            base_url(request, context.settings),
            context.database,
            context.secrets,
        )


AuthenticatedCall = Annotated[Call, Depends(_ApplicationToken())]


def count_refusal(request: Request, context: ApiContext) -> None:
    """Count wrong credentials from this address.

    Raises TooManyRequests when there were too many, so that the caller does not answer 401.

    A client with valid credentials is never limited, even if others share its address.
    """
    now = context.clock.monotonic()
    address = request.client.host if request.client is not None else ""
    context.rates.check_address(address, now)
    context.rates.was_refused(address, now)


def base_url(request: Request, settings: Settings) -> str:
    """Return the public origin: the setting, or else the host that the request names."""
    if settings.public_url is not None:
        return settings.public_url
    host = request_host(request)
    return f"{request.scope['scheme']}://{host}" if host else settings.origin


def request_host(request: Request) -> str:
    """Return the Host header (``host`` or ``host:port``), or nothing when it is invalid."""
    host = request.headers.get("host", "")
    return host if _HOST.match(host) else ""
