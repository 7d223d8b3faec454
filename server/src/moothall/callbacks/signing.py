"""Signs callbacks in two formats. Pure: time and ids are arguments.

``Authorization: Bearer``: a JWT as Vonage signs webhooks, HS256 with the account's signature
secret, whose ``payload_hash`` is the SHA-256 of the body in hex. ``webhook-id``,
``webhook-timestamp``, ``webhook-signature``: Standard Webhooks 1.0. Its libraries take the key as
base64: give them ``whsec_`` followed by the base64 of the signature secret.
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
    """The signer of an application's callbacks.

    ``secrets``: newest first; during a rotation the older one signs as well.
    """

    application_id: str
    api_key: str
    secrets: Sequence[str]


def sign(signer: Signer, *, event_id: str, body: bytes, at: datetime, jti: str) -> dict[str, str]:
    """Return the headers that authenticate the body.

    ``event_id`` is the same for every attempt, so receivers can drop duplicates; ``at`` and ``jti``
    belong to this attempt.
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
    # A token has only one signature, with the new secret; the other header carries both during a
    # rotation.
    return jwt.encode({"alg": "HS256", "typ": "JWT"}, claims, OctKey.import_key(signer.secrets[0]))


def _standard_signature(secret: str, event_id: str, timestamp: int, body: bytes) -> str:
    signed = f"{event_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(secret.encode(), signed, hashlib.sha256)).decode()
