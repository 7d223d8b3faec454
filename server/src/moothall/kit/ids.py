"""Identifiers: opaque outside the module that makes them."""

import base64
import secrets
import uuid


def new_uuid() -> str:
    """A random UUID (version 4) in its canonical lower-case form."""
    return str(uuid.uuid4())


def new_meeting_code() -> str:
    """Twelve random digits that do not begin with 0, so that a phone can dial them and no spreadsheet shortens them."""
    return str(secrets.randbelow(9 * 10**11) + 10**11)


def new_session_id() -> str:
    """An opaque session id in the shape the original used: ``2_MX4…``, 54 characters of base64url."""
    return "2_MX4" + base64.urlsafe_b64encode(secrets.token_bytes(36)).decode()


def new_secret() -> str:
    """256 random bits as base64url text."""
    return secrets.token_urlsafe(32)
