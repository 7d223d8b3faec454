"""Signs callbacks twice over. Pure: time and ids are arguments.

``Authorization: Bearer``: a JWT as Vonage signs webhooks, HS256 with the account's signature secret, whose ``payload_hash`` is the SHA-256 of
the body in hex. ``webhook-id``, ``webhook-timestamp``, ``webhook-signature``: Standard Webhooks 1.0. Its libraries take the key as base64:
give them ``whsec_`` followed by the base64 of the signature secret.
"""

import base64
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from joserfc import jwt
from joserfc.jwk import OctKey


@dataclass(frozen=True, slots=True)
class Signer:
    """Whose callbacks they are. ``secrets``: the newest first; during a rotation the older one still signs, too."""

    application_id: str
    api_key: str
    secrets: Sequence[str]


def sign(signer: Signer, *, event_id: str, body: bytes, at: datetime, jti: str) -> dict[str, str]:
    """The headers that prove where the body comes from.

    ``event_id`` is the same for every try, so receivers can drop what they have already seen; ``at`` and ``jti`` are this try's.
    """
    timestamp = int(at.timestamp())
    return {
        "authorization": f"Bearer {_vonage_token(signer, body, timestamp, jti)}",
        "webhook-id": event_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(
            _standard_signature(secret, event_id, timestamp, body) for secret in signer.secrets
        ),
    }


def _vonage_token(signer: Signer, body: bytes, timestamp: int, jti: str) -> str:
    claims = {
        "iat": timestamp,
        "jti": jti,
        "iss": "Vonage",
        "payload_hash": hashlib.sha256(body).hexdigest(),
        "api_key": signer.api_key,
        "application_id": signer.application_id,
    }
    # A token has room for one signature only: receivers move to the new secret while the other header carries both.
    return jwt.encode({"alg": "HS256", "typ": "JWT"}, claims, OctKey.import_key(signer.secrets[0]))


def _standard_signature(secret: str, event_id: str, timestamp: int, body: bytes) -> str:
    signed = f"{event_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(secret.encode(), signed, hashlib.sha256)).decode()
