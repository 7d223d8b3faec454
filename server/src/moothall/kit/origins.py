"""Hosts and origins in normal form: lower case, international names as punycode."""

import ipaddress
import re
from urllib.parse import urlsplit

import idna

# The longest accepted origin, in characters.
MAX_ORIGIN_LENGTH = 255

_DEFAULT_PORTS = {"http": 80, "https": 443}
_LONGEST_NAME = 253
# Names of services inside a network contain underscores, which IDNA refuses.
_NAME = re.compile(r"[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*\.?")


def ascii_host(host: str) -> str:
    """Return the host in lower case, in punycode (UTS 46, IDNA 2008), IPv6 without brackets.

    Raises ValueError with a message for the user.
    """
    lowered = host.strip("[]").lower() if host.startswith("[") else host.lower()
    if ":" in lowered:
        return str(ipaddress.ip_address(lowered))
    if lowered.isascii():
        if len(lowered) > _LONGEST_NAME or not _NAME.fullmatch(lowered):
            raise ValueError("the host is not a valid name")
        return lowered
    try:
        return idna.encode(lowered, uts46=True).decode()
    except idna.IDNAError:
        raise ValueError("the host is not a valid international name") from None


def normal_origin(text: str) -> str:
    """Return the origin as browsers write it (RFC 6454 section 6.2), without a default port.

    Example: ``https://xn--bcher-kva.example:8443``. A trailing slash is accepted. Raises ValueError
    with a message for the user for anything but an http or https origin.
    """
    try:
        parts = urlsplit(text.strip())
        port = parts.port
    except ValueError:
        raise ValueError("it is not a valid URL") from None
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname:
        raise ValueError("an http:// or https:// address is needed")
    if parts.path.strip("/") or parts.query or parts.fragment or "@" in parts.netloc:
        raise ValueError("only scheme, host and port are allowed, without a path or a user name")
    host = ascii_host(parts.hostname)
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown}" + ("" if port in (None, _DEFAULT_PORTS[parts.scheme]) else f":{port}")
