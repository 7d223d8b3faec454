import gzip
import re
from pathlib import Path

import httpx2
import pytest
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response
from support.clock import FakeClock
from support.engine import FakeEngine
from support.page import Page
from support.server import RunningServer

from moothall.db import Database
from moothall.features.assembly import assemble_features
from moothall.meeting.access import MeetingSecrets
from moothall.meeting.assembly import assemble
from moothall.page.files import read_page_files, respond
from moothall.page.headers import page_headers
from moothall.page.routes import assemble_page


async def test_every_code_gets_the_same_page(page: Page) -> None:
    paths = [
        "/",
        f"/{page.room.meeting_code}",
        "/100000000000",
        "/1",
        f"/?room_token={page.room.meeting_code}&participant_token=x",
    ]

    pages = [await page.http.get(path) for path in paths]

    assert {answer.status_code for answer in pages} == {200}
    assert len({answer.content for answer in pages}) == 1
    assert len({tuple(sorted(answer.headers.items())) for answer in pages}) == 1
    assert pages[0].headers["content-type"].startswith("text/html")
    assert pages[0].headers["cache-control"] == "no-cache"


@pytest.mark.parametrize(
    "path",
    [
        "/x",
        "/" + "1" * 33,
        "/1a",
        "/1/",
        "/٠١٢",
        "/assets/",
        "/assets/nothing.js",
        "/assets/../index.html",
        "/assets/%2e%2e/%2e%2e/secret.txt",
        "/..%2fsecret.txt",
        "/assets/..%5c..%5csecret.txt",
        "/secret.txt",
        "//etc/passwd",
        "/index.html%00",
        "/static/index.html",
    ],
)
async def test_nothing_else_is_served(page: Page, build: Path, path: str) -> None:
    (build.parent / "secret.txt").write_text("secret")

    response = await page.http.get(path)

    assert response.status_code == 404
    assert "secret" not in response.text


async def test_hashed_files_are_kept_for_ever_and_others_are_asked_for_again(page: Page) -> None:
    script = await page.http.get("/assets/index-Ab12.js")
    style = await page.http.get("/assets/index-Cd34.css")
    wasm = await page.http.get("/assets/effects-1.0/vision.wasm")
    robots = await page.http.get("/robots.txt")

    assert script.headers["content-type"].startswith("text/javascript")
    assert wasm.headers["content-type"] == "application/wasm", "else it is not compiled while it arrives"
    assert "immutable" in wasm.headers["cache-control"]
    assert style.headers["content-type"].startswith("text/css")
    assert script.headers["cache-control"] == style.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert robots.headers["cache-control"] == "no-cache"


async def test_files_are_compressed_for_who_can_read_that(page: Page) -> None:
    plain = await page.http.get("/assets/index-Ab12.js", headers={"accept-encoding": "identity"})
    packed = await page.http.get("/assets/index-Ab12.js", headers={"accept-encoding": "gzip, br"})

    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert int(packed.headers["content-length"]) < int(plain.headers["content-length"])
    assert packed.content == plain.content == b"export {};" * 500
    assert plain.headers["vary"] == packed.headers["vary"] == "accept-encoding"


async def test_what_the_browser_has_is_not_sent_again(page: Page) -> None:
    first = await page.http.get("/")

    again = await page.http.get("/", headers={"if-none-match": first.headers["etag"]})

    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["content-security-policy"] == first.headers["content-security-policy"]


async def test_head_is_answered_without_a_body(page: Page) -> None:
    response = await page.http.head("/")

    assert (response.status_code, response.content) == (200, b"")


@pytest.mark.parametrize("path", ["/", "/123456789012", "/assets/index-Ab12.js", "/robots.txt"])
async def test_every_file_carries_the_security_headers(page: Page, path: str) -> None:
    headers = (await page.http.get(path)).headers

    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert headers["strict-transport-security"] == "max-age=31536000"
    assert "camera=(self)" in headers["permissions-policy"]
    assert "geolocation=()" in headers["permissions-policy"]


async def test_the_policy_allows_no_script_but_our_files_and_no_frame(page: Page) -> None:
    text = (await page.http.get("/")).headers["content-security-policy"]
    policy = dict(part.split(" ", 1) for part in text.split("; "))

    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == "'self' 'wasm-unsafe-eval'"
    assert policy["style-src"] == policy["font-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["object-src"] == policy["base-uri"] == "'none'"
    assert policy["connect-src"] == "'self' wss://media.example https://media.example"
    assert policy["require-trusted-types-for"] == "'script'"
    assert not re.search(r"unsafe-inline|'unsafe|\*|http:", text)


def test_a_server_without_tls_does_not_promise_tls() -> None:
    headers = page_headers("ws://127.0.0.1:8080", "", secure=False)

    assert "strict-transport-security" not in headers
    assert "connect-src 'self' ws://127.0.0.1:8080 http://127.0.0.1:8080" in headers["content-security-policy"]


@pytest.mark.parametrize("host", ["192.168.1.5:8080", "tower.local", "[fd00::7]:8080", "meet.example"])
async def test_the_page_connects_to_the_address_it_was_opened_by(
    database: Database, clock: FakeClock, build: Path, host: str
) -> None:
    secrets = MeetingSecrets(host_link="x" * 40, control="y" * 40)
    engine = FakeEngine(clock)
    meeting = assemble(database=database, engine=engine, clock=clock, secrets=secrets, wake=lambda: None)
    features = assemble_features(meeting, database=database, engine=engine, clock=clock)
    app = FastAPI(redirect_slashes=False)
    app.include_router(assemble_page(meeting, features, clock, media_url=None, static=build).router)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://x") as http:
        answer = await http.get("/", headers={"host": host})
        hostile = await http.get("/", headers={"host": "a;script-src *"})

    assert f"connect-src 'self' wss://{host} ws://{host};" in answer.headers["content-security-policy"]
    assert "connect-src 'self';" in hostile.headers["content-security-policy"]
    assert "script-src *" not in hostile.headers["content-security-policy"]


@pytest.mark.parametrize(
    ("path", "accept", "is_page"),
    [
        ("/weekly", "text/html,*/*;q=0.8", True),
        ("/12345678901a", "text/html", True),
        ("/acme/weekly", "text/html", True),
        ("/weekly", "application/json", False),
        ("/weekly", "*/*", False),
        ("/v1/nothing", "text/html", False),
        ("/rtc", "text/html", False),
        ("/a/b/c", "text/html", False),
        ("/favicon.gif", "text/html", False),
        ("/" + "a" * 200, "text/html", False),
    ],
)
async def test_a_mistyped_link_is_answered_by_the_page_and_still_not_found(
    server: RunningServer, path: str, accept: str, is_page: bool
) -> None:
    answer = await server.http.get(path, headers={"accept": accept})
    posted = await server.http.post(path, headers={"accept": accept})

    assert answer.status_code == posted.status_code == 404
    assert answer.headers["content-type"].startswith("text/html" if is_page else "application/json")
    assert posted.headers["content-type"].startswith("application/json")


async def test_without_a_build_the_page_says_what_to_do(database: Database, clock: FakeClock, tmp_path: Path) -> None:
    secrets = MeetingSecrets(host_link="x" * 40, control="y" * 40)
    engine = FakeEngine(clock)
    meeting = assemble(database=database, engine=engine, clock=clock, secrets=secrets, wake=lambda: None)
    features = assemble_features(meeting, database=database, engine=engine, clock=clock)
    app = FastAPI(redirect_slashes=False)
    app.include_router(
        assemble_page(meeting, features, clock, media_url="ws://127.0.0.1", static=tmp_path / "nothing").router
    )
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://127.0.0.1") as http:
        response = await http.get("/")

    assert response.status_code == 503
    assert "make setup" in response.text
    assert response.headers["content-type"].startswith("text/plain")


def test_a_file_that_cannot_be_ours_is_refused(tmp_path: Path) -> None:
    with (tmp_path / "core").open("wb") as large:
        large.truncate(17 * 1024 * 1024)

    with pytest.raises(ValueError, match="larger"):
        read_page_files(tmp_path)


def test_compressed_files_are_the_same_each_time(build: Path) -> None:
    """So that two servers behind one address serve the same bytes."""
    first, second = read_page_files(build), read_page_files(build)

    assert first == second
    script = first["assets/index-Ab12.js"]
    assert script.gzip is not None
    assert gzip.decompress(script.gzip) == script.body


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [
        ("gzip, deflate, br", "br"),
        ("br;q=1.0", "br"),
        ("gzip, br;q=0", "gzip"),
        ("gzip;q=0, br; q=0.000", ""),
        ("BR", "br"),
        ("brotli", ""),
        ("", ""),
    ],
)
def test_the_best_encoding_that_the_browser_takes(tmp_path: Path, accepted: str, encoding: str) -> None:
    (tmp_path / "a.js").write_bytes(b"let a = 1\n" * 1_000)
    (tmp_path / "a.js.br").write_bytes(b"packed")
    files = read_page_files(tmp_path)
    request = Request({"type": "http", "headers": [(b"accept-encoding", accepted.encode())]})

    answer = respond(files, "a.js", request, {})

    assert set(files) == {"a.js"}
    assert answer.headers.get("content-encoding", "") == encoding
    assert answer.headers["vary"] == "accept-encoding"
    if encoding == "br":
        assert answer.body == b"packed"


def test_each_encoding_has_a_tag_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "a.js").write_bytes(b"let a = 1\n" * 1_000)
    (tmp_path / "a.js.br").write_bytes(b"packed")
    files = read_page_files(tmp_path)

    def ask(accepted: bytes, known: str = "") -> Response:
        headers = [(b"accept-encoding", accepted), (b"if-none-match", known.encode())]
        return respond(files, "a.js", Request({"type": "http", "headers": headers}), {})

    tags = [ask(accepted).headers["etag"] for accepted in (b"br", b"gzip", b"")]

    assert len(set(tags)) == 3
    assert ask(b"br", tags[0]).status_code == 304
    assert ask(b"br", tags[2]).status_code == 200
