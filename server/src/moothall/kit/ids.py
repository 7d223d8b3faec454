"""Identifiers: opaque outside the module that makes them."""

import base64
import re
import secrets
import uuid

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def new_uuid() -> str:
    """A random UUID (version 4) in its canonical lower-case form."""
    return str(uuid.uuid4())


def is_uuid(text: str) -> bool:
    """Return whether this is a UUID in its canonical lower-case form."""
    return _UUID.fullmatch(text) is not None


def new_meeting_code() -> str:
    """Return a meeting code of twelve random digits.

    It does not begin with 0: phones can dial it, and spreadsheets keep it as it is.
    """
    return str(secrets.randbelow(9 * 10**11) + 10**11)


def new_session_id() -> str:
    """An opaque session id in the shape the original used.

    ``2_MX4…``, 54 characters of base64url.
    """
    return "2_MX4" + base64.urlsafe_b64encode(secrets.token_bytes(36)).decode()


def new_secret() -> str:
    """256 random bits as base64url text."""
    return secrets.token_urlsafe(32)
