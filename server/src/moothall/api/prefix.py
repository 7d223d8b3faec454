"""Path prefixes of the REST APIs, and the normal form of paths."""

import re

API_PREFIX = "/v1/meetings"
# Prefixes in older code samples.
OLD_API_PREFIXES = ("/meetings", "/beta/meetings")
APPLICATIONS_PATH = "/v2/applications"
USAGE_PATH = "/v2/usage"
ACCOUNT_PATH = "/v2/account"

_PREFIXES = tuple(
    f"{prefix}/" for prefix in (API_PREFIX, *OLD_API_PREFIXES, APPLICATIONS_PATH, USAGE_PATH, ACCOUNT_PATH)
)
_SLASHES = re.compile(r"/{2,}")


def canonical_path(path: str, raw_path: bytes) -> str:
    """Return the path without repeated and trailing slashes if it is an API path, else unchanged.

    Published SDKs join a base address that ends in a slash and a path that begins with one.
    ``raw_path`` is the path before decoding: an encoded slash is part of a name, and such a path
    stays as it is.
    """
    if "//" not in path and not path.endswith("/"):
        return path
    canonical = _SLASHES.sub("/", path).rstrip("/")
    leads_to_api = f"{canonical}/".startswith(_PREFIXES) and b"%2f" not in raw_path.lower()
    return canonical if leads_to_api else path
