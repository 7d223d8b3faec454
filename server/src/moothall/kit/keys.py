"""Derives keys from one secret, so that a signature for one purpose is invalid for others."""

import hashlib
import hmac


def derive_key(secret: str, purpose: str) -> bytes:
    """Return a key of 256 bits for this purpose. The secret must have that much entropy itself."""
    return hmac.digest(secret.encode(), purpose.encode(), hashlib.sha256)
