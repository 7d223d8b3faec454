"""Keys for one purpose each, made from one secret, so that what is signed for one purpose proves nothing for another."""

import hashlib
import hmac


def derive_key(secret: str, purpose: str) -> bytes:
    """256 bits for this purpose. The secret must have that much entropy itself, as the server's secrets do."""
    return hmac.digest(secret.encode(), purpose.encode(), hashlib.sha256)
