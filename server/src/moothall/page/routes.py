"""All routes of the meeting page."""

from functools import partial
from pathlib import Path

from fastapi import APIRouter
from starlette.convertors import Convertor, register_url_convertor
from starlette.requests import Request
from starlette.responses import Response

from moothall.kit.clock import Clock
from moothall.meeting.service import MeetingService
from moothall.page.calls import PageCalls
from moothall.page.files import INDEX, PageFile, read_page_files, respond
from moothall.page.headers import page_headers
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


register_url_convertor("digits", _DigitsConvertor())
register_url_convertor("company", _CompanyConvertor())


def page_router(meeting: MeetingService, clock: Clock, *, media_url: str, static: Path = STATIC) -> APIRouter:
    """The page, its files and its calls.

    ``media_url`` is what the engine's ``client_url()`` says; the page may connect there. Files are read now: a page that is built later needs a
    new start.
    """
    router = APIRouter(include_in_schema=False)
    calls = PageCalls(meeting, clock)
    router.add_route("/page/lookup", calls.lookup, methods=["POST"])
    router.add_route("/page/join", calls.join, methods=["POST"])
    router.add_route("/page/end", calls.end, methods=["POST"])
    router.add_route("/page/waiting", calls.waiting, methods=["POST"])
    router.add_route("/page/waiting-list", calls.waiting_list, methods=["GET"])
    router.add_route("/page/admit", calls.admit, methods=["POST"])
    router.add_route("/page/deny", calls.deny, methods=["POST"])
    router.add_route("/page/chat", calls.say, methods=["POST"])
    router.add_route("/page/chat-history", calls.chat_history, methods=["POST"])

    files = read_page_files(static)
    headers = page_headers(media_url)
    for path in ("/", "/{meeting_code:digits}", "/{company:company}/", "/{company:company}/{meeting_code:digits}"):
        router.add_route(path, partial(_serve, files, headers, INDEX), methods=["GET"])
    for name in files:
        if name != INDEX:
            router.add_route(f"/{name}", partial(_serve, files, headers, name), methods=["GET"])
    return router


async def _serve(files: dict[str, PageFile], headers: dict[str, str], name: str, request: Request) -> Response:
    return respond(files, name, request, headers)
