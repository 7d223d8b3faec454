"""One request of an account: HTTP Basic with its API key and secret (RFC 7617)."""

import base64
import binascii
import hmac
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends
from fastapi.openapi.models import HTTPBase
from fastapi.security.base import SecurityBase
from starlette.requests import Request

from moothall.api.call import ApiContext, base_url, count_refusal
from moothall.api.errors import Unauthorized
from moothall.applications import store
from moothall.applications.model import Account
from moothall.db import Database

_MAX_CREDENTIALS_LENGTH = 512
_CHALLENGE = {"WWW-Authenticate": 'Basic realm="Moothall", charset="UTF-8"'}
# Compared when the account does not exist, so that the answer takes the same time.
_NO_SECRET = "x" * 43


@dataclass(frozen=True, slots=True)
class AccountCall:
    """The calling account, the time of the request and the address it was sent to."""

    account: Account
    now: datetime
    base_url: str
    database: Database


class _AccountSecret(SecurityBase):
    """The security scheme of the reference, and the dependency that enforces it."""

    def __init__(self) -> None:
        self.model: Any = HTTPBase(
            scheme="basic",
            description="The account's API key and secret; `moothall account show` prints them.",
        )
        self.scheme_name = "accountSecret"

    async def __call__(self, request: Request) -> AccountCall:
        context: ApiContext = request.app.state.api
        try:
            account = await _authenticate(request.headers.get("authorization"), context.database)
        except Unauthorized:
            count_refusal(request, context)
            raise
        return AccountCall(account, context.clock.now(), base_url(request, context.settings), context.database)


async def _authenticate(header: str | None, database: Database) -> Account:
    """Raises Unauthorized."""
    if not header:
        raise Unauthorized("Auth header is required", headers=_CHALLENGE)
    api_key, secret = parse_basic(header)
    account = await database.read(lambda connection: store.find_account(connection, api_key))
    expected = _NO_SECRET if account is None else account.api_secret
    matches = hmac.compare_digest(expected.encode(), secret.encode("utf-8", "replace"))
    if account is None or not matches:
        raise _refused()
    return account


AuthenticatedAccount = Annotated[AccountCall, Depends(_AccountSecret())]


def parse_basic(header: str) -> tuple[str, str]:
    """Return user and password from an Authorization header. Raises Unauthorized."""
    scheme, _, credentials = header.partition(" ")
    if scheme.lower() != "basic" or len(credentials) > _MAX_CREDENTIALS_LENGTH:
        raise _refused()
    try:
        text = base64.b64decode(credentials.strip(), validate=True).decode()
    except (binascii.Error, ValueError):
        raise _refused() from None
    user, colon, password = text.partition(":")
    if not colon or "\0" in user:
        raise _refused()
    return user, password


def _refused() -> Unauthorized:
    return Unauthorized("You did not provide correct credentials", headers=_CHALLENGE)
