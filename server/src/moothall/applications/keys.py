"""The key pair of an application, generated here; its owner gets the private key once."""

import os
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from moothall.api.errors import InputInvalid

_KEY_BITS = 2048
_PUBLIC_EXPONENT = 65537
_MAX_PEM_LENGTH = 8192


@dataclass(frozen=True, slots=True)
class KeyPair:
    public: str
    private: str = field(repr=False)


def generate_key_pair() -> KeyPair:
    """Return a new RSA key pair of 2048 bits as two PEM texts. Takes some tenths of a second."""
    key = rsa.generate_private_key(_PUBLIC_EXPONENT, _KEY_BITS)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return KeyPair(_public_pem(key.public_key()), private.decode())


def parse_public_key(pem: str) -> str:
    """Return the key in the form we store (SubjectPublicKeyInfo, PEM).

    Raises InputInvalid for anything but an RSA public key of at least 2048 bits.
    """
    try:
        key = serialization.load_pem_public_key(pem[:_MAX_PEM_LENGTH].encode())
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, rsa.RSAPublicKey) or key.key_size < _KEY_BITS:
        text = f'"public_key" must be an RSA public key of at least {_KEY_BITS} bits in PEM'
        raise InputInvalid(text, errors=[text])
    return _public_pem(key)


def write_private_key(path: Path, pem: str) -> None:
    """Write the key to a new file that only its owner can read.

    Raises FileExistsError when the file exists, so that no key is replaced.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(pem)


def _public_pem(key: rsa.RSAPublicKey) -> str:
    return key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()
