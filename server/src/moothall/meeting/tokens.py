"""The tokens a join ticket carries beside the engine's own. Pure: the time is an argument.

The *control token* says what a person may ask for while they are inside; the *rejoin token* lets
their page come back as the same participant. Both are HS256 JWTs (RFC 7519) bound to one room,
participant and role, and last a day; each join makes new ones. Whether the participant is inside
is not the token's business: ``meeting.access`` checks it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from moothall.sessions.model import Role

LIFETIME = timedelta(days=1)
_LONGEST = 2048


class Purpose(StrEnum):
    """The purpose of a token; a token for another purpose is not accepted."""

    CONTROL = "moothall:control"
    REJOIN = "moothall:rejoin"


@dataclass(frozen=True, slots=True)
class ParticipantClaims:
    """Whose token it is."""

    room_id: str
    participant_id: str
    role: Role


class ParticipantTokens:
    """Makes and reads the tokens of one secret."""

    def __init__(self, secret: str) -> None:
        self._key = OctKey.import_key(secret)

    def issue(self, purpose: Purpose, claims: ParticipantClaims, now: datetime) -> str:
        body = {
            "purpose": purpose.value,
            "room": claims.room_id,
            "sub": claims.participant_id,
            "role": claims.role.value,
            "iat": int(now.timestamp()),
            "exp": int((now + LIFETIME).timestamp()),
        }
        return jwt.encode({"alg": "HS256", "typ": "JWT"}, body, self._key)

    def parse(self, purpose: Purpose, token: str, now: datetime) -> ParticipantClaims | None:
        """None for anything that is not a token of ours for this purpose and time."""
        if len(token) > _LONGEST:
            return None
        try:
            claims = jwt.decode(token, self._key, algorithms=["HS256"]).claims
            if claims["purpose"] != purpose or claims["exp"] <= now.timestamp():
                return None
            return ParticipantClaims(claims["room"], claims["sub"], Role(claims["role"]))
        except (JoseError, ValueError, KeyError, TypeError):
            return None
