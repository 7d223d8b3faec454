"""The security headers of the page."""

from collections.abc import Mapping
from functools import lru_cache
from urllib.parse import urlsplit

# The page needs its own files, its own calls, media from cameras and peers. Nothing from
# anywhere else, nothing inline, and no frame but in listed pages. Noise reduction and backgrounds
# are WebAssembly, which 'wasm-unsafe-eval' allows; it does not allow eval.
_POLICY = {
    "default-src": "'none'",
    "script-src": "'self' 'wasm-unsafe-eval'",
    "style-src": "'self'",
    "img-src": "'self' data: blob:",
    "media-src": "'self' blob:",
    "worker-src": "'self' blob:",
    "font-src": "'self'",
    "manifest-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'self'",
    "object-src": "'none'",
    "require-trusted-types-for": "'script'",
}
_PERMISSIONS = (
    "camera=(self), microphone=(self), display-capture=(self), fullscreen=(self), autoplay=(self), screen-wake-lock=(self), "
    "speaker-selection=(self), clipboard-write=(self), geolocation=(), usb=(), payment=(), midi=(), serial=(), hid=()"
)
# The page to try the script for embedding has a meeting in a frame.
WITH_FRAMES = "; frame-src 'self'"
# A file that pages of any origin may load and read: it holds nothing but code.
FOR_ALL_SITES = {"cross-origin-resource-policy": "cross-origin", "access-control-allow-origin": "*"}
_A_YEAR_S = 365 * 24 * 3600


@lru_cache(maxsize=256)
def page_headers(
    media_url: str | None, host: str, *, secure: bool, embedders: tuple[str, ...] = ()
) -> Mapping[str, str]:
    """Headers of every file of the page.

    ``media_url``: where livekit-client connects when the engine is elsewhere (``ws://…`` or
    ``wss://…``); None: to the origin of the page, whose ``host`` is the one of the request (empty:
    not a valid one). ``secure``: the request came over TLS. livekit-client also asks over http(s)
    why a connection failed, so that is allowed too. ``embedders``: the sources of
    ``frame-ancestors``.
    """
    if media_url is not None:
        media = urlsplit(media_url)
        over_tls = media.scheme in ("wss", "https")
        sources = [
            f"{'wss' if over_tls else 'ws'}://{media.netloc}",
            f"{'https' if over_tls else 'http'}://{media.netloc}",
        ]
    else:
        # 'self' does not stand for WebSockets in Safari before 16. Both schemes: a proxy may not
        # tell which one it is.
        sources = [f"wss://{host}", f"ws://{host}"] if host else []
    policy = {
        "connect-src": " ".join(["'self'", *sources]),
        **_POLICY,
        "frame-ancestors": " ".join(embedders) or "'none'",
    }
    headers = {
        "content-security-policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
        "permissions-policy": _PERMISSIONS,
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
    }
    if secure:
        headers["strict-transport-security"] = f"max-age={_A_YEAR_S}"
    return headers
