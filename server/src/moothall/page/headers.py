"""The security headers of the page."""

from urllib.parse import urlsplit

# What the page needs: its own files, its own calls, media from cameras and peers. Nothing from anywhere else, nothing inline, no framing.
_POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data: blob:",
    "media-src": "'self' blob:",
    "worker-src": "'self' blob:",
    "font-src": "'self'",
    "manifest-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'self'",
    "object-src": "'none'",
    "frame-ancestors": "'none'",
    "require-trusted-types-for": "'script'",
}
_PERMISSIONS = (
    "camera=(self), microphone=(self), display-capture=(self), fullscreen=(self), autoplay=(self), screen-wake-lock=(self), "
    "speaker-selection=(self), clipboard-write=(self), geolocation=(), usb=(), payment=(), midi=(), serial=(), hid=()"
)
_A_YEAR_S = 365 * 24 * 3600


def page_headers(media_url: str) -> dict[str, str]:
    """Headers of every file of the page. ``media_url``: where livekit-client connects, ``ws://…`` or ``wss://…``.

    livekit-client also asks the same host over http(s) why a connection failed, so both are allowed.
    """
    media = urlsplit(media_url)
    secure = media.scheme in ("wss", "https")
    sources = [f"{'wss' if secure else 'ws'}://{media.netloc}", f"{'https' if secure else 'http'}://{media.netloc}"]
    policy = {**_POLICY, "connect-src": " ".join(["'self'", *sources])}
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
