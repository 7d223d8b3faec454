"""Links to the file of a recording: a link gives access to that file for 15 minutes.

The signature is HMAC-SHA256 over the method, the recording and the expiry time. Pure: times and
keys are arguments.
"""

import hashlib
import hmac
import re
from datetime import datetime, timedelta
from urllib.parse import urlencode

LINK_LIFETIME = timedelta(minutes=15)
RECORDING_PATH = "/files/recordings"

_SECONDS = re.compile(r"[0-9]{1,11}")


def recording_url(base_url: str, recording_id: str, now: datetime, signing_key: bytes) -> str:
    expires = str(int((now + LINK_LIFETIME).timestamp()))
    query = urlencode({"expires": expires, "signature": _signature(recording_id, expires, signing_key)})
    return f"{base_url}{RECORDING_PATH}/{recording_id}?{query}"


def is_valid(recording_id: str, expires: str, signature: str, now: datetime, signing_key: bytes) -> bool:
    """Return whether the link is genuine and has not expired. ``expires``: Unix seconds."""
    expected = _signature(recording_id, expires, signing_key)
    genuine = hmac.compare_digest(expected.encode(), signature.encode("utf-8", "replace"))
    return genuine and _SECONDS.fullmatch(expires) is not None and now.timestamp() < int(expires)


def _signature(recording_id: str, expires: str, signing_key: bytes) -> str:
    signed = f"GET\n{recording_id}\n{expires}".encode("utf-8", "replace")
    return hmac.digest(signing_key, signed, hashlib.sha256).hex()
