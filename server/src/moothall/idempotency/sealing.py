"""Encryption of stored answers, which hold host links and the private keys of new applications.

The encryption key is derived from the server's secret and the client's key, and neither is in the
database: a reader of the database or of a backup learns no answer, and with the server's secret
would still need the client's key.
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
    """The answer was sealed with another secret, or has been changed."""


def key_digest(secret: str, owner: str, key: str) -> str:
    """Return the digest under which the key is stored."""
    return derive_key(secret, f"idempotency key\0{owner}\0{key}").hex()


def fingerprint(secret: str, text: str) -> str:
    """Return the digest of a request, which differs for different requests."""
    return derive_key(secret, f"idempotent request\0{text}").hex()


def seal(secret: str, owner: str, key: str, response: Response) -> bytes:
    """Encrypt the answer for the database with AES-256-GCM (NIST SP 800-38D)."""
    kept = {name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers}
    head = json.dumps({"status": response.status_code, "headers": kept}).encode()
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return nonce + _cipher(secret, owner, key).encrypt(nonce, head + b"\n" + bytes(response.body), None)


def unseal(secret: str, owner: str, key: str, sealed: bytes) -> Response:
    """Decrypt an answer. Raises Unreadable."""
    try:
        text = _cipher(secret, owner, key).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], None)
    except InvalidTag:
        raise Unreadable from None
    head, _, body = text.partition(b"\n")
    kept = json.loads(head)
    return Response(body, kept["status"], headers=kept["headers"])


def _cipher(secret: str, owner: str, key: str) -> AESGCM:
    return AESGCM(derive_key(secret, f"idempotent answer\0{owner}\0{key}"))
