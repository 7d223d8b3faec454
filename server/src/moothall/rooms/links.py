"""The host link and the guest link of a room, prefixed with the theme's short_company_url.

The host link carries a token, a JWT (RFC 7519, HS256) of the room's owner id and creation time. It
is deterministic, so a token is verified by computing the room's own and comparing: no input of an
unauthenticated client is parsed.
"""

import base64
import hashlib
import hmac

from moothall.rooms.model import Room

_HEADER = base64.urlsafe_b64encode(b'{"alg":"HS256","typ":"JWT"}').rstrip(b"=")


def guest_url(base_url: str, room: Room) -> str:
    return f"{_beginning(base_url, room)}{room.meeting_code}"


def host_url(base_url: str, room: Room, secret: str) -> str:
    # Digits and base64url need no escaping.
    return f"{_beginning(base_url, room)}?room_token={room.meeting_code}&participant_token={owner_token(room, secret)}"


def owner_token(room: Room, secret: str) -> str:
    """Return the token that makes its bearer the owner of this room until the room ends."""
    claims = f'{{"participantId":"{room.owner_participant_id}","iat":{int(room.created_at.timestamp())}}}'
    signed = _HEADER + b"." + _base64url(claims.encode())
    signature = hmac.digest(secret.encode(), signed, hashlib.sha256)
    return (signed + b"." + _base64url(signature)).decode()


def owner_of(room: Room, participant_token: str, secret: str) -> str | None:
    """Return the owner's participant id, or None when the token is not this room's."""
    expected = owner_token(room, secret).encode()
    if hmac.compare_digest(expected, participant_token.encode("utf-8", "replace")):
        return room.owner_participant_id
    return None


def _beginning(base_url: str, room: Room) -> str:
    return f"{base_url}/" if room.short_company_url is None else f"{base_url}/{room.short_company_url}/"


def _base64url(value: bytes) -> bytes:
    return base64.urlsafe_b64encode(value).rstrip(b"=")
