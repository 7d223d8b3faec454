"""Which pages may show a meeting in a frame, and what is shown in the frames of the others.

The browser enforces the decision by ``frame-ancestors``. ``Sec-Fetch-Dest`` and ``Referer`` are
hints: they choose between the page and the refusal, because a frame that a browser refuses stays
blank and says nothing. The refusal contains nothing about a meeting, and it is the same for an
unknown code.
"""

import base64
import hashlib
import html
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from moothall.api.cors import parse_origin
from moothall.applications.domains import is_listed, parse_domain
from moothall.page.framing_words import Words, choose_words

_IN_FRAME = frozenset({"iframe", "frame", "embed", "object", "fencedframe"})
# A browser says nothing where the connection is not secure, and neither does an old one.
_UNSAID = ""

_STYLE = (
    ":root{color-scheme:light dark}"
    "body{margin:0;padding:1.5rem;font:1rem/1.5 system-ui,sans-serif;max-width:40rem;overflow-wrap:anywhere}"
    "h1{font-size:1.25rem;margin:0 0 .5rem}p{margin:0 0 1rem}code{font-family:ui-monospace,monospace}"
)
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors *; sandbox allow-popups allow-popups-to-escape-sandbox",
    "vary": "accept-language",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
}
_PAGE = (
    '<!doctype html><html lang="{language}" dir="{direction}"><head><meta charset="utf-8"><meta name="robots" content="noindex">'
    '<meta name="viewport" content="width=device-width, initial-scale=1"><title>{title}</title><style>{style}</style></head>'
    "<body><main><h1>{title}</h1>{text}</main></body></html>\n"
)
_IN_OWN_TAB = '<a href="" target="_blank" rel="noopener noreferrer">{}</a>'


@dataclass(frozen=True, slots=True)
class Framing:
    """Where a request says that its answer will be shown."""

    dest: str
    """``iframe`` and so on; "" where the browser does not say."""
    embedder: str | None
    """The origin of the page around the frame; None where the browser does not say."""
    words: Words
    """In the language of the browser."""

    @staticmethod
    def of(request: Request) -> "Framing":
        return Framing(
            request.headers.get("sec-fetch-dest", _UNSAID).lower(),
            _origin_of(request.headers.get("referer", "")),
            choose_words(request.headers.get("accept-language", "")),
        )

    @property
    def is_certain(self) -> bool:
        return self.dest in _IN_FRAME

    @property
    def is_possible(self) -> bool:
        return self.is_certain or self.dest == _UNSAID

    def is_refused(self, sources: Iterable[str]) -> bool:
        """Return whether the browser will refuse to show the page with these sources."""
        listed = tuple(sources)
        return self.is_certain and (not listed or (self.embedder is not None and not is_listed(self.embedder, listed)))


def refuse(framing: Framing) -> Response:
    """The page in a frame whose surroundings may not show the meeting."""
    embedder = framing.embedder
    what = "the origin of the page around this frame" if embedder is None else f"<code>{html.escape(embedder)}</code>"
    if embedder is not None and not _can_be_listed(embedder):
        advice = f"{what} has to be served over https first: browsers give no camera to a frame in an insecure page."
    else:
        advice = (
            f"Add {what} to <code>capabilities.meetings.embedding.allowed_domains</code> of the application that created the "
            "room: <code>PUT /v2/applications/{id}</code> or <code>moothall app allow-domains</code>."
        )
    words = framing.words
    text = (
        f"<p>{words.text}</p><p>{_IN_OWN_TAB.format(words.own_tab)}</p>"
        f'<p lang="en" dir="ltr">For the developers of that page: {advice}</p>'
    )
    return _respond(403, words, words.title, text)


def slow_down(framing: Framing, seconds: int) -> Response:
    """The page in a frame for a network that asked too often."""
    words = framing.words
    text = f"<p>{words.slow_down.format(seconds=seconds)}</p>"
    return _respond(429, words, words.wait, text, {"retry-after": str(seconds)})


def _respond(status: int, words: Words, title: str, text: str, headers: Mapping[str, str] | None = None) -> Response:
    body = _PAGE.format(language=words.language, direction=words.direction, title=title, style=_STYLE, text=text)
    return Response(body, status, headers={**_HEADERS, **(headers or {})}, media_type="text/html; charset=utf-8")


def _origin_of(url: str) -> str | None:
    """The origin in a Referer header, in normal form; None where it has none."""
    try:
        parts = urlsplit(url)
        return parse_origin(f"{parts.scheme}://{parts.netloc}")
    except ValueError:
        return None


def _can_be_listed(origin: str) -> bool:
    try:
        parse_domain(origin)
    except ValueError:
        return False
    return True
