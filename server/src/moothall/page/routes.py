"""All routes of the meeting page."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from pathlib import Path

from fastapi import APIRouter
from starlette.convertors import Convertor, register_url_convertor
from starlette.requests import Request
from starlette.responses import Response

from moothall.api.call import request_host
from moothall.api.kept import Kept
from moothall.features.assembly import Features
from moothall.kit.clock import Clock
from moothall.meeting.assembly import Meeting
from moothall.page.calls import PageCalls
from moothall.page.commands import COMMANDS
from moothall.page.documents import Documents
from moothall.page.files import DEMO, EMBED, INDEX, read_page_files, respond
from moothall.page.headers import FOR_ALL_SITES, page_headers
from moothall.themes.model import MAX_SHORT_COMPANY_URL, RESERVED_SHORT_URLS

STATIC = Path(__file__).parent.parent / "static"


class _DigitsConvertor(Convertor[str]):
    regex = "[0-9]{1,32}"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


class _CompanyConvertor(Convertor[str]):
    """The short_company_url of a theme: no number, and no beginning of our own paths."""

    regex = f"(?!(?:{'|'.join(sorted(RESERVED_SHORT_URLS))})/)(?=[0-9]*[A-Za-z_~-])[A-Za-z0-9_~-]{{1,{MAX_SHORT_COMPANY_URL}}}"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


# One segment, as in a link to a meeting, or two, as behind a company's name; no name of a file.
_MISTYPED = re.compile(rf"/(?!(?:{'|'.join(sorted(RESERVED_SHORT_URLS))})(?:/|$))[^/.]{{1,128}}(?:/[^/.]{{1,128}})?")

register_url_convertor("digits", _DigitsConvertor())
register_url_convertor("company", _CompanyConvertor())


@dataclass(frozen=True, slots=True)
class Page:
    """The routes of the page, and its answer to a browser at an unknown address.

    ``not_found``: None when the address is not one that people are given, or when no person asks.
    """

    router: APIRouter
    not_found: Callable[[Request], Response | None]


def assemble_page(
    meeting: Meeting,
    features: Features,
    clock: Clock,
    *,
    media_url: str | None,
    over_tls: bool = False,
    loopback: bool = False,
    static: Path = STATIC,
) -> Page:
    """The page, its files and its calls.

    ``media_url`` is what the engine's ``client_url()`` says; the page may connect there.
    ``over_tls``: browsers reach this server over TLS, whatever a request looks like here.
    ``loopback``: pages of this machine may show every meeting in a frame. Files are read now: a
    page that is built later needs a new start.
    """
    router = APIRouter(include_in_schema=False)
    calls = PageCalls(meeting, features, clock)
    router.add_route("/page/lookup", calls.lookup, methods=["POST"])
    router.add_route("/page/join", calls.join, methods=["POST"])
    router.add_route("/page/check", calls.check, methods=["POST"])
    router.add_route("/page/end", calls.end, methods=["POST"])
    router.add_route("/page/waiting", calls.waiting, methods=["POST"])
    router.add_route("/page/waiting-name", calls.waiting_name, methods=["POST"])
    router.add_route("/page/waiting-list", calls.waiting_list, methods=["GET"])
    router.add_route("/page/admit", calls.admit, methods=["POST"])
    router.add_route("/page/deny", calls.deny, methods=["POST"])
    router.add_route("/page/chat", calls.say, methods=["POST"])
    router.add_route("/page/feed", calls.read_feed, methods=["POST"])
    for command in COMMANDS:
        router.add_route(command.path, partial(calls.command, command), methods=["POST"])

    files = read_page_files(static)
    documents = Documents(files, calls, media_url=media_url, over_tls=over_tls, loopback=loopback)
    for path in ("/", "/{meeting_code:digits}", "/{company:company}/", "/{company:company}/{meeting_code:digits}"):
        router.add_route(path, documents.serve, methods=["GET"])
    if loopback and DEMO in files:
        router.add_route("/embed/demo", documents.serve_demo, methods=["GET"])
    for name in files:
        if name not in (INDEX, DEMO):
            router.add_route(f"/{name}", partial(_serve, files, media_url, over_tls, name), methods=["GET"])
    return Page(router, partial(_not_found, partial(_render, files, media_url, over_tls, INDEX)))


def _not_found(render: Callable[[Request], Response], request: Request) -> Response | None:
    """Let the page say that a mistyped link leads nowhere, in words of its own."""
    is_asked_by_person = request.method == "GET" and "text/html" in request.headers.get("accept", "")
    if not is_asked_by_person or not _MISTYPED.fullmatch(request.url.path):
        return None
    answer = render(request)
    if answer.status_code in (HTTPStatus.OK, HTTPStatus.NOT_MODIFIED):
        answer.status_code = HTTPStatus.NOT_FOUND
    return answer


async def _serve(
    files: dict[str, Kept], media_url: str | None, over_tls: bool, name: str, request: Request
) -> Response:
    return _render(files, media_url, over_tls, name, request)


def _render(files: dict[str, Kept], media_url: str | None, over_tls: bool, name: str, request: Request) -> Response:
    secure = over_tls or request.url.scheme == "https"
    headers = page_headers(media_url, request_host(request), secure=secure)
    return respond(files, name, request, {**headers, **(FOR_ALL_SITES if name == EMBED else {})})
