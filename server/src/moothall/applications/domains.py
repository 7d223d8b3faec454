"""Domains whose pages may show the rooms of an application in a frame.

A domain is written as the sources of ``frame-ancestors`` are (CSP Level 3, section 2.3.1):
``https://app.example``, with a port or not, or ``https://*.app.example`` for all subdomains but not
for ``app.example`` itself. Only this machine may use http, because browsers give a frame camera and
microphone only where each page around it is secure.
"""

import contextlib
import re
from collections.abc import Iterable

from moothall.api.fields import PORT_PATTERN
from moothall.kit.origins import MAX_ORIGIN_LENGTH, ascii_host

_LABEL = "[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
_HTTPS = rf"[hH][tT][tT][pP][sS]://(?:\*\.{_LABEL}\.)?{_LABEL}(?:\.{_LABEL})*"
_HTTP = r"[hH][tT][tT][pP]://(?:[lL][oO][cC][aA][lL][hH][oO][sS][tT]|127\.0\.0\.1)"
DOMAIN_PATTERN = rf"^(?:{_HTTPS}|{_HTTP})(?::{PORT_PATTERN})?$"

# The pages of this machine, for development.
LOOPBACK_SOURCES = ("http://localhost:*", "http://127.0.0.1:*")

_DOMAIN = re.compile(DOMAIN_PATTERN.removeprefix("^").removesuffix("$"))
_WITHOUT_PORT = {"https": ":443", "http": ":80"}
_ANY_SUBDOMAIN = "*."
_ANY_PORT = ":*"


def parse_domain(text: str) -> str:
    """Return the domain in lower case, in punycode and without a default port.

    Raises ValueError with a message for the user.
    """
    lowered = text.lower()
    scheme, separator, rest = lowered.partition("://")
    if not rest.isascii() and len(rest) <= MAX_ORIGIN_LENGTH:
        wildcard = _ANY_SUBDOMAIN if rest.startswith(_ANY_SUBDOMAIN) else ""
        host, colon, port = rest.removeprefix(wildcard).partition(":")
        with contextlib.suppress(ValueError):
            lowered = f"{scheme}{separator}{wildcard}{ascii_host(host)}{colon}{port}"
    if len(lowered) > MAX_ORIGIN_LENGTH or not _DOMAIN.fullmatch(lowered):
        raise ValueError("must be such as https://app.example or https://*.app.example; http only for localhost")
    return lowered.removesuffix(_WITHOUT_PORT[scheme])


def is_listed(origin: str, sources: Iterable[str]) -> bool:
    """Return whether a browser would find this origin among the sources of ``frame-ancestors``."""
    return any(_covers(source, origin) for source in sources)


def _covers(source: str, origin: str) -> bool:
    scheme, _, place = source.partition("://")
    other_scheme, _, other_place = origin.partition("://")
    if scheme != other_scheme:
        return False
    if place.endswith(_ANY_PORT):
        return other_place.partition(":")[0] == place.removesuffix(_ANY_PORT)
    if place.startswith(_ANY_SUBDOMAIN):
        return other_place.endswith(place[1:])
    return place == other_place
