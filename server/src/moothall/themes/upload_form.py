"""The signed form for uploading one logo.

It is an S3 browser-based upload (AWS Signature Version 4, "POST policy"). The policy states the
permitted upload and its expiry; the signature is HMAC-SHA256 over it with a key of this server. The
holder of a form can store one image of one type under one key. Pure: times and keys are arguments.
"""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from moothall.kit.clock import render_timestamp
from moothall.themes.model import LogoType

FORM_LIFETIME = timedelta(minutes=15)
# More bytes than a logo may have, so that a slightly larger one gets the specific error when it is
# finalised.
MAX_UPLOAD_BYTES = 2 * 1024 * 1024
CONTENT_TYPE = "image/png"
KEY_PREFIX = "auto-expiring-temp/logos"

_ALGORITHM = "AWS4-HMAC-SHA256"
_BUCKET = "moothall"
_MAX_POLICY_LENGTH = 4096


class UploadRefused(Exception):
    """The form was not signed by this server, has expired, or has been changed.

    ``code`` and ``status`` are those of S3.
    """

    def __init__(self, code: str, message: str, *, status: int = 403) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status


@dataclass(frozen=True, slots=True)
class UploadGrant:
    """The grant of a valid form: one image of this type for this application, under this id."""

    application_id: str
    logo_type: LogoType
    upload_id: str


def upload_key(grant: UploadGrant) -> str:
    """Return the key that the client sends to finalise the logo."""
    return f"{KEY_PREFIX}/{grant.logo_type}/{grant.upload_id}"


def upload_fields(grant: UploadGrant, now: datetime, signing_key: bytes) -> dict[str, str]:
    """Return the fields of the form, in the order in which they must be sent."""
    date = now.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    fields = {
        "Content-Type": CONTENT_TYPE,
        "key": upload_key(grant),
        "logoType": str(grant.logo_type),
        "bucket": _BUCKET,
        "X-Amz-Algorithm": _ALGORITHM,
        "X-Amz-Credential": f"moothall/{date[:8]}/local/s3/aws4_request",
        "X-Amz-Date": date,
        # Not a secret: it binds the upload to its application.
        "X-Amz-Security-Token": grant.application_id,
    }
    policy = {
        "expiration": render_timestamp(now + FORM_LIFETIME),
        "conditions": [
            *({name: value} for name, value in fields.items()),
            ["content-length-range", 1, MAX_UPLOAD_BYTES],
        ],
    }
    encoded = base64.b64encode(json.dumps(policy, separators=(",", ":")).encode()).decode()
    return {**fields, "Policy": encoded, "X-Amz-Signature": _signature(encoded, signing_key)}


def check_form(fields: Mapping[str, str], now: datetime, signing_key: bytes) -> UploadGrant:
    """Verify the fields of a form and return what they allow. Raises UploadRefused."""
    encoded = fields.get("Policy", "")
    if not encoded or len(encoded) > _MAX_POLICY_LENGTH:
        raise UploadRefused("AccessDenied", "Access Denied")
    signature = fields.get("X-Amz-Signature", "")
    expected = _signature(encoded, signing_key)
    if not hmac.compare_digest(expected.encode(), signature.encode("utf-8", "replace")):
        raise UploadRefused(
            "SignatureDoesNotMatch", "The request signature we calculated does not match the signature you provided."
        )
    policy = _our_policy(encoded)
    if now >= datetime.fromisoformat(policy["expiration"]):
        raise UploadRefused("AccessDenied", "Invalid according to Policy: Policy expired.")
    for condition in policy["conditions"]:
        if isinstance(condition, dict):
            ((name, value),) = condition.items()
            if fields.get(name) != value:
                raise UploadRefused("AccessDenied", f"Invalid according to Policy: Policy Condition failed: {name}")
    logo_type, upload_id = fields["key"].split("/")[-2:]
    return UploadGrant(fields["X-Amz-Security-Token"], LogoType(logo_type), upload_id)


def parse_upload_key(key: str) -> str | None:
    """Return the upload id in a key from a client, or None when the key is invalid."""
    prefix, _, rest = key.rpartition("/")
    if prefix not in _KEY_FOLDERS or not rest:
        return None
    return rest


_KEY_FOLDERS = frozenset(f"{KEY_PREFIX}/{logo_type}" for logo_type in LogoType)


def _signature(encoded_policy: str, signing_key: bytes) -> str:
    return hmac.digest(signing_key, encoded_policy.encode("utf-8", "replace"), hashlib.sha256).hex()


def _our_policy(encoded: str) -> dict[str, Any]:
    """Parse a policy whose signature has been verified."""
    try:
        policy: dict[str, Any] = json.loads(base64.b64decode(encoded, validate=True))
    except (binascii.Error, ValueError) as error:
        raise AssertionError("signed, but not by upload_fields") from error
    return policy
