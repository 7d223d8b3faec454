"""Authenticates applications by a JWT signed with their private key (RFC 7519, RS256 only).

The token names its application; we look up that application's public key and verify the signature
with it. Nothing in the token's header is trusted: neither an algorithm nor a key id nor a key.
"""

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey
from joserfc.util import urlsafe_b64decode

from moothall.api.errors import Unauthorized
from moothall.kit.clock import Clock
from moothall.kit.ids import is_uuid
from moothall.kit.strict_json import parse_json

MAX_TOKEN_LENGTH = 8192
# A token without ``exp`` is valid for this long after its ``iat``. Two of the published SDKs send
# none.
DEFAULT_LIFETIME_SECONDS = 15 * 60
# A token is valid until its ``exp``, but no longer than this after its ``iat``.
MAX_LIFETIME_SECONDS = 24 * 60 * 60
LEEWAY_SECONDS = 60

_MAX_JTI_LENGTH = 256
_PADDING = PKCS1v15()
_SHA256 = SHA256()
_KEPT_KEYS = 1024
_KEPT_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Caller:
    """The application on whose behalf a request is made."""

    application_id: str
    account_id: str
    allowed_origins: frozenset[str]


@dataclass(frozen=True, slots=True)
class Credentials:
    """The key that verifies an application's tokens, and the origins that may read its answers."""

    application_id: str
    account_id: str
    public_key: str
    allowed_origins: frozenset[str] = frozenset()


# Returns the credentials of the application with this id, or None when there is none.
FindCredentials = Callable[[str], Awaitable[Credentials | None]]


class Refused(Exception):
    """The token is rejected.

    The text gives the reason for our log; every caller gets the same answer.
    """


@dataclass(slots=True)
class Authenticator:
    """Verifies Authorization headers.

    Keys are cached for ``_KEPT_SECONDS``, so a deleted application is shut out after that time.
    """

    find_credentials: FindCredentials
    clock: Clock
    _known: "OrderedDict[str, _Known]" = field(default_factory=OrderedDict)

    async def authenticate(self, authorization: str | None) -> Caller:
        """Return the caller of a request with this Authorization header. Raises Unauthorized."""
        if not authorization:
            raise Unauthorized.missing()
        try:
            token = parse_bearer(authorization)
            claims = unverified_claims(token)
            known = await self._find(claimed_application(claims))
            verify_signature(token, known.key)
            check_claims(claims, known.caller.application_id, self.clock.now().timestamp())
        except Refused:
            raise Unauthorized.refused() from None
        return known.caller

    def forget(self, application_id: str) -> None:
        """Drop the cached credentials of an application that has changed."""
        self._known.pop(application_id, None)

    async def _find(self, application_id: str) -> "_Known":
        known = self._known.get(application_id)
        if known is not None and known.until > self.clock.monotonic():
            return known
        credentials = await self.find_credentials(application_id)
        if credentials is None:
            raise Refused("unknown application")
        known = _Known(
            Caller(credentials.application_id, credentials.account_id, credentials.allowed_origins),
            _load_public_key(credentials.public_key),
            self.clock.monotonic() + _KEPT_SECONDS,
        )
        self._known[application_id] = known
        while len(self._known) > _KEPT_KEYS:
            self._known.popitem(last=False)
        return known


@dataclass(frozen=True, slots=True)
class _Known:
    caller: Caller
    key: RSAPublicKey
    until: float


def parse_bearer(authorization: str) -> str:
    """Return the token of an Authorization header. Raises Refused."""
    scheme, _, token = authorization.partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token or len(token) > MAX_TOKEN_LENGTH or token.count(".") != 2:  # noqa: PLR2004 - header, payload, signature
        raise Refused("not a bearer token")
    if not token.isascii():
        raise Refused("not base64url")
    return token


def unverified_claims(token: str) -> dict[str, Any]:
    """Return the claims of an RS256 token without verifying its signature. Raises Refused."""
    header, payload, _signature = token.split(".")
    head = _header(header)
    if head.get("alg") != "RS256" or "crit" in head or head.get("b64", True) is not True:
        raise Refused("only plain RS256")
    return _strict_object(payload)


def claimed_application(claims: dict[str, Any]) -> str:
    """Return the application id that the token claims, in lower case. Raises Refused."""
    application_id = claims.get("application_id")
    # The signature is not verified yet, so only a well-formed UUID may reach the database.
    if not isinstance(application_id, str) or not is_uuid(application_id.lower()):
        raise Refused("no application_id")
    return application_id.lower()


def verify_signature(token: str, key: RSAPublicKey) -> None:
    """Raise Refused unless the token is signed with the private half of this key.

    RSASSA-PKCS1-v1_5 with SHA-256, RFC 7518 section 3.3.
    """
    signed, _, signature = token.rpartition(".")
    try:
        key.verify(urlsafe_b64decode(signature.encode()), signed.encode(), _PADDING, _SHA256)
    except (InvalidSignature, ValueError) as error:
        raise Refused("bad signature") from error


def check_claims(claims: dict[str, Any], application_id: str, now: float) -> None:
    """Raise Refused unless the claims name this application and are valid at ``now``.

    A token without ``exp`` is valid for 15 minutes from its ``iat``; one with both until ``exp``,
    but for at most 24 hours from ``iat``. A token without ``iat`` must end within 24 hours. ``now``
    is in Unix seconds.
    """
    issued, expires, not_before = (_seconds(claims, name) for name in ("iat", "exp", "nbf"))
    jti = claims.get("jti")
    if str(claims.get("application_id")).lower() != application_id:
        raise Refused("another application")
    if not isinstance(jti, str) or not 0 < len(jti) <= _MAX_JTI_LENGTH:
        raise Refused("jti is required")
    if any(start is not None and start > now + LEEWAY_SECONDS for start in (issued, not_before)):
        raise Refused("not yet valid")
    if _end(issued, expires, now) <= now - LEEWAY_SECONDS:
        raise Refused("expired")


def mint_token(private_key: str, application_id: str, *, jti: str, now: datetime, lifetime: timedelta) -> str:
    """Return a token like those of the SDKs.

    Raises ValueError unless the key is an RSA private key in PEM.
    """
    try:
        key = RSAKey.import_key(private_key)
    except (JoseError, ValueError, TypeError):
        key = None
    if key is None or not key.is_private:
        raise ValueError("not an RSA private key in PEM")
    issued = int(now.timestamp())
    claims = {
        "application_id": application_id,
        "iat": issued,
        "exp": issued + int(lifetime.total_seconds()),
        "jti": jti,
    }
    return jwt.encode({"alg": "RS256", "typ": "JWT"}, claims, key)


def _end(issued: float | None, expires: float | None, now: float) -> float:
    """Return the Unix time in seconds at which the token expires.

    Raises Refused without such claims.
    """
    if issued is None:
        if expires is None:
            raise Refused("iat or exp is required")
        if expires > now + MAX_LIFETIME_SECONDS + LEEWAY_SECONDS:
            raise Refused("lives too long")
        return expires
    if expires is None:
        return issued + DEFAULT_LIFETIME_SECONDS
    if expires <= issued:
        raise Refused("ends before it begins")
    return min(expires, issued + MAX_LIFETIME_SECONDS)


def _seconds(claims: dict[str, Any], name: str) -> float | None:
    """Return a NumericDate, whole or fractional, or None without one.

    Raises Refused for other values.
    """
    value = claims.get(name)
    if value is None and name not in claims:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _MAX_SECONDS:
        raise Refused(f"{name} is not a time")
    return float(value)


_MAX_SECONDS = 2**40


def _load_public_key(pem: str) -> RSAPublicKey:
    key = load_pem_public_key(pem.encode())
    if not isinstance(key, RSAPublicKey):
        raise Refused("not an RSA key")
    return key


# Cached, because clients write the same header into every token.
@lru_cache(maxsize=256)
def _header(part: str) -> dict[str, Any]:
    return _strict_object(part)


def _strict_object(part: str) -> dict[str, Any]:
    """Return a base64url JSON object, read strictly. Raises Refused."""
    try:
        value = parse_json(urlsafe_b64decode(part.encode()))
    except (ValueError, TypeError) as error:
        raise Refused("not a JSON object") from error
    if not isinstance(value, dict):
        raise Refused("not a JSON object")
    return value
