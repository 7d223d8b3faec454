"""Answers as they are kept: encrypted, because they hold host links and may hold the private key of a new application.

The encryption key is made of the server's secret and the client's key, and neither is in the database: who reads the database, or a backup
of it, learns no answer, and who has the server's secret as well must know the client's key, too.
"""

import json
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from starlette.responses import Response

from moothall.kit.keys import derive_key

_NONCE_BYTES = 12
_KEPT_HEADERS = ("content-type", "etag")


class Unreadable(Exception):
    """It was sealed under another secret, or has been changed."""


def key_digest(secret: str, owner: str, key: str) -> str:
    """What the key is found by."""
    return derive_key(secret, f"idempotency key\0{owner}\0{key}").hex()


def fingerprint(secret: str, text: str) -> str:
    """Of what was asked for; the same for the same text only."""
    return derive_key(secret, f"idempotent request\0{text}").hex()


def seal(secret: str, owner: str, key: str, response: Response) -> bytes:
    """The answer for the database. AES-256-GCM (NIST SP 800-38D)."""
    kept = {name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers}
    head = json.dumps({"status": response.status_code, "headers": kept}).encode()
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return nonce + _cipher(secret, owner, key).encrypt(nonce, head + b"\n" + bytes(response.body), None)


def unseal(secret: str, owner: str, key: str, sealed: bytes) -> Response:
    """Raises Unreadable."""
    try:
        text = _cipher(secret, owner, key).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], None)
    except InvalidTag:
        raise Unreadable from None
    head, _, body = text.partition(b"\n")
    kept = json.loads(head)
    return Response(body, kept["status"], headers=kept["headers"])


def _cipher(secret: str, owner: str, key: str) -> AESGCM:
    return AESGCM(derive_key(secret, f"idempotent answer\0{owner}\0{key}"))
