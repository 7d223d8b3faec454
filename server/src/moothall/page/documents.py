"""The HTML of the meeting page. It is the same for every code; only who may frame it differs."""

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response

from moothall.api.call import request_host
from moothall.api.kept import Kept
from moothall.applications.domains import LOOPBACK_SOURCES
from moothall.page.calls import PageCalls
from moothall.page.errors import EXPECTED, SlowDown
from moothall.page.files import DEMO, INDEX, respond
from moothall.page.framing import Framing, refuse, slow_down
from moothall.page.headers import WITH_FRAMES, page_headers


class Documents:
    def __init__(
        self,
        files: Mapping[str, Kept],
        calls: PageCalls,
        *,
        media_url: str | None,
        over_tls: bool,
        loopback: bool,
    ) -> None:
        """``loopback``: pages of this machine may show every meeting in a frame."""
        self._files = files
        self._calls = calls
        self._media_url = media_url
        self._over_tls = over_tls
        self._always = LOOPBACK_SOURCES if loopback else ()

    async def serve(self, request: Request) -> Response:
        """The page; in a frame that the browser would leave blank, the reason for that.

        A tab of its own asks for no domains, so that opening a link costs nobody a guess.
        """
        framing = Framing.of(request)
        embedders: tuple[str, ...] = ()
        if framing.is_possible:
            try:
                embedders = (*await self._find_embedders(request), *self._always)
            except SlowDown as error:
                if framing.is_certain:
                    return slow_down(framing, error.retry_after)
            except EXPECTED:
                # The page says so itself where it may be shown.
                embedders = self._always
        if framing.is_refused(embedders):
            return refuse(framing)
        answer = respond(self._files, INDEX, request, self._headers(request, embedders))
        answer.headers["vary"] = "accept-encoding, sec-fetch-dest"
        if embedders:
            # Nobody keeps it with domains that may be taken off the list.
            answer.headers["cache-control"] = "no-store"
        return answer

    async def serve_demo(self, request: Request) -> Response:
        """A page with a meeting in a frame, to try each command and see each event."""
        answer = respond(self._files, DEMO, request, self._headers(request, ()))
        answer.headers["content-security-policy"] += WITH_FRAMES
        return answer

    async def _find_embedders(self, request: Request) -> tuple[str, ...]:
        path, query = request.path_params, request.query_params
        code = path.get("meeting_code")
        if code is not None:
            return await self._calls.find_embedders(request, code, None)
        code, token = query.get("room_token"), query.get("participant_token")
        return () if code is None else await self._calls.find_embedders(request, code.strip(), token)

    def _headers(self, request: Request, embedders: tuple[str, ...]) -> Mapping[str, str]:
        secure = self._over_tls or request.url.scheme == "https"
        return page_headers(self._media_url, request_host(request), secure=secure, embedders=embedders)
