"""The control token: what a person in a meeting may ask the server for. Pure: the time is an argument.

HS256, bound to one room, participant and role. What it allows in the meeting it allows only while that participant is inside, which the
service checks; who joins again with it is the same participant again. It lasts a day; each join makes a new one.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from moothall.sessions.model import Role

_PURPOSE = "moothall:control"
LIFETIME = timedelta(days=1)
_LONGEST = 2048


@dataclass(frozen=True, slots=True)
class ControlClaims:
    room_id: str
    participant_id: str
    role: Role


class ControlToken:
    """Makes and reads control tokens of one secret."""

    def __init__(self, secret: str) -> None:
        self._key = OctKey.import_key(secret)

    def issue(self, claims: ControlClaims, now: datetime) -> str:
        body = {
            "purpose": _PURPOSE,
            "room": claims.room_id,
            "sub": claims.participant_id,
            "role": claims.role.value,
            "iat": int(now.timestamp()),
            "exp": int((now + LIFETIME).timestamp()),
        }
        return jwt.encode({"alg": "HS256", "typ": "JWT"}, body, self._key)

    def parse(self, token: str, now: datetime) -> ControlClaims | None:
        """None for anything that is not a token of ours for this purpose and time."""
        if len(token) > _LONGEST:
            return None
        try:
            claims = jwt.decode(token, self._key, algorithms=["HS256"]).claims
            if claims["purpose"] != _PURPOSE or claims["exp"] <= now.timestamp():
                return None
            return ControlClaims(claims["room"], claims["sub"], Role(claims["role"]))
        except (JoseError, ValueError, KeyError, TypeError):
            return None
