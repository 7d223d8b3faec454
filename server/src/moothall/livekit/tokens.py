"""LiveKit access tokens: who somebody is and what it may do in one room, signed by us.

HS256 JWTs (RFC 7519) with LiveKit's claims: ``iss`` names the key, ``sub`` is the identity,
``video`` holds the grants. Only HS256 is ever accepted, whatever a token's header says; ``exp`` is
required and may not lie more than a day ahead.
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from moothall.engine import TOKEN_LEEWAY, JoinGrant, ParticipantKind
from moothall.kit.strict_json import is_storable
from moothall.livekit import limits
from moothall.livekit.model import Permission, TrackSource

_ALGORITHMS = ["HS256"]
_LONGEST_LIFE = timedelta(hours=24)
_SHORTEST_SECRET = 32
_SOURCES = {source.name.lower(): source for source in TrackSource if source is not TrackSource.UNKNOWN}

# LiveKit's ``ParticipantInfo.KindDetail``.
_DETAIL_NAMES = {
    0: "cloud_agent",
    1: "forwarded",
    2: "connector_whatsapp",
    3: "connector_twilio",
    4: "bridge_rtsp",
    5: "simulation",
}
_DETAIL_NUMBERS = {name: number for number, name in _DETAIL_NAMES.items()}


class TokenRejected(Exception):
    """The token proves nothing; ``str()`` says why in words that may be shown to anybody."""


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A verified token."""

    room: str
    identity: str
    name: str
    metadata: str
    attributes: Mapping[str, str]
    permission: Permission
    kind: ParticipantKind = ParticipantKind.STANDARD
    # Numbers of LiveKit's ``ParticipantInfo.KindDetail``.
    kind_details: tuple[int, ...] = ()
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ServerGrant:
    """The rights that a verified token gives on the server API.

    ``room`` is the one it may administer.
    """

    room: str
    room_create: bool
    room_list: bool
    room_admin: bool


class TokenSigner:
    """Mints and verifies the tokens of one API key."""

    def __init__(self, *, api_key: str, api_secret: str) -> None:
        """Raises ValueError when the secret is shorter than 32 characters."""
        if len(api_secret) < _SHORTEST_SECRET:
            raise ValueError(f"the API secret must have at least {_SHORTEST_SECRET} characters")
        self._api_key = api_key
        self._secret = OctKey.import_key(api_secret)

    def mint(self, grant: JoinGrant, now: datetime) -> str:
        token = AccessToken(
            room=grant.room,
            identity=grant.identity,
            name=grant.name,
            metadata="",
            attributes=grant.attributes,
            permission=Permission(
                can_subscribe=grant.can_subscribe,
                can_publish=grant.can_publish,
                can_publish_data=grant.can_publish_data,
                can_publish_sources=tuple(_SOURCES[source] for source in grant.can_publish_sources),
                hidden=grant.hidden,
            ),
            kind=grant.kind,
        )
        return self.renew(token, now, grant.ttl)

    def renew(self, token: AccessToken, now: datetime, ttl: timedelta) -> str:
        """The same grants with a new life."""
        permission = token.permission
        claims = {
            "iss": self._api_key,
            "sub": token.identity,
            "nbf": int(now.timestamp()),
            "exp": int((now + ttl).timestamp()),
            "name": token.name,
            "metadata": token.metadata,
            "attributes": dict(token.attributes),
            "kind": token.kind.value,
            "kindDetails": [_DETAIL_NAMES[number] for number in token.kind_details],
            "video": {
                "roomJoin": True,
                "room": token.room,
                "canSubscribe": permission.can_subscribe,
                "canPublish": permission.can_publish,
                "canPublishData": permission.can_publish_data,
                "canPublishSources": [source.name.lower() for source in permission.can_publish_sources],
                "canUpdateOwnMetadata": permission.can_update_metadata,
                "hidden": permission.hidden,
            },
        }
        return jwt.encode({"alg": "HS256", "typ": "JWT"}, claims, self._secret, algorithms=_ALGORITHMS)

    def verify(self, token: str, now: datetime) -> AccessToken:
        """Raises TokenRejected."""
        return _read_claims(self._verified_claims(token, now))

    def verify_server_grant(self, token: str, now: datetime) -> ServerGrant:
        """Return the rights of a token on the server API, possibly none. Raises TokenRejected."""
        video = self._verified_claims(token, now).get("video") or {}
        if not isinstance(video, dict):
            raise TokenRejected("invalid video in access token")
        return ServerGrant(
            room=_text(video, "room", limits.MAX_ROOM_BYTES),
            room_create=_flag(video, "roomCreate", default=False),
            room_list=_flag(video, "roomList", default=False),
            room_admin=_flag(video, "roomAdmin", default=False),
        )

    def sign_webhook(self, digest: str, now: datetime, ttl: timedelta) -> str:
        """A token that says of a webhook's body what its SHA-256 is (``digest``, base64)."""
        claims = {
            "iss": self._api_key,
            "nbf": int(now.timestamp()),
            "exp": int((now + ttl).timestamp()),
            "sha256": digest,
        }
        return jwt.encode({"alg": "HS256", "typ": "JWT"}, claims, self._secret, algorithms=_ALGORITHMS)

    def _verified_claims(self, token: str, now: datetime) -> dict[str, Any]:
        if not token or len(token) > limits.MAX_TOKEN_BYTES:
            raise TokenRejected("no access token")
        try:
            decoded = jwt.decode(token, self._secret, algorithms=_ALGORITHMS)
        except (JoseError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
            # A hostile token may fail anywhere inside the parser; every failure means the same.
            raise TokenRejected("invalid access token") from None
        claims = decoded.claims
        if not isinstance(claims, dict):
            raise TokenRejected("invalid access token")
        if not hmac.compare_digest(
            _text(claims, "iss", limits.MAX_SHORT_STRING_BYTES).encode(), self._api_key.encode()
        ):
            raise TokenRejected("invalid access token")
        self._check_time(claims, now)
        return claims

    @staticmethod
    def _check_time(claims: dict[str, Any], now: datetime) -> None:
        expires = _timestamp(claims, "exp")
        if expires is None:
            raise TokenRejected("access token without expiry")
        seconds = now.timestamp()
        if expires <= seconds - TOKEN_LEEWAY.total_seconds():
            raise TokenRejected("access token expired")
        if expires > seconds + (_LONGEST_LIFE + TOKEN_LEEWAY).total_seconds():
            raise TokenRejected("access token lives too long")
        for claim in ("nbf", "iat"):
            begins = _timestamp(claims, claim)
            if begins is not None and begins > seconds + TOKEN_LEEWAY.total_seconds():
                raise TokenRejected("access token not valid yet")


def _timestamp(claims: dict[str, Any], name: str) -> float | None:
    value = claims.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e12:  # noqa: PLR2004 - year 33658
        raise TokenRejected("invalid access token")
    return float(value)


def _read_claims(claims: dict[str, Any]) -> AccessToken:
    video = claims.get("video")
    if not isinstance(video, dict) or video.get("roomJoin") is not True:
        raise TokenRejected("access token does not allow to join a room")
    can_publish = _flag(video, "canPublish", default=True)
    return AccessToken(
        room=_text(video, "room", limits.MAX_ROOM_BYTES, required=True),
        identity=_text(claims, "sub", limits.MAX_IDENTITY_BYTES, required=True),
        name=_text(claims, "name", limits.MAX_NAME_BYTES),
        metadata=_text(claims, "metadata", limits.MAX_METADATA_BYTES),
        attributes=_attributes(claims),
        permission=Permission(
            can_subscribe=_flag(video, "canSubscribe", default=True),
            can_publish=can_publish,
            can_publish_data=_flag(video, "canPublishData", default=can_publish),
            can_publish_sources=_sources(video),
            can_update_metadata=_flag(video, "canUpdateOwnMetadata", default=False),
            hidden=_flag(video, "hidden", default=False),
        ),
        kind=_kind(claims, video),
        kind_details=_kind_details(claims),
        expires_at=datetime.fromtimestamp(claims["exp"], UTC),
    )


def _text(claims: dict[str, Any], name: str, most: int, *, required: bool = False) -> str:
    value = claims.get(name)
    value = "" if value is None else value
    if not isinstance(value, str) or len(value) > most or (required and not value):
        raise TokenRejected(f"invalid {name} in access token")
    # JSON can spell NUL and lone surrogates; databases and protobuf cannot.
    if not is_storable(value) or len(value.encode()) > most:
        raise TokenRejected(f"invalid {name} in access token")
    return value


def _flag(claims: dict[str, Any], name: str, *, default: bool) -> bool:
    value = claims.get(name)
    if value is None:
        return default
    if not isinstance(value, bool):
        raise TokenRejected(f"invalid {name} in access token")
    return value


def _attributes(claims: dict[str, Any]) -> dict[str, str]:
    value = claims.get("attributes") or {}
    if not isinstance(value, dict) or len(value) > limits.MAX_ATTRIBUTES:
        raise TokenRejected("invalid attributes in access token")
    return {
        _text({"attributes": key}, "attributes", limits.MAX_SHORT_STRING_BYTES): _text(
            {"attributes": text}, "attributes", limits.MAX_ATTRIBUTES_BYTES
        )
        for key, text in value.items()
    }


def _kind(claims: dict[str, Any], video: dict[str, Any]) -> ParticipantKind:
    """Kinds that we do not know are standard: the rules for people are the strictest."""
    if _flag(video, "agent", default=False):
        return ParticipantKind.AGENT
    if _flag(video, "recorder", default=False):
        return ParticipantKind.EGRESS
    name = _text(claims, "kind", limits.MAX_SHORT_STRING_BYTES).lower()
    return ParticipantKind(name) if name in set(ParticipantKind) else ParticipantKind.STANDARD


def _kind_details(claims: dict[str, Any]) -> tuple[int, ...]:
    value = claims.get("kindDetails") or []
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise TokenRejected("invalid kindDetails in access token")
    return tuple(sorted({_DETAIL_NUMBERS[name.lower()] for name in value if name.lower() in _DETAIL_NUMBERS}))


def _sources(video: dict[str, Any]) -> tuple[TrackSource, ...]:
    value = video.get("canPublishSources") or []
    if not isinstance(value, list) or not all(isinstance(name, str) and name in _SOURCES for name in value):
        raise TokenRejected("invalid canPublishSources in access token")
    return tuple(dict.fromkeys(_SOURCES[name] for name in value))
