import gzip
import re
from pathlib import Path

import httpx2
import pytest
from fastapi import FastAPI
from support.clock import FakeClock
from support.engine import FakeEngine
from support.page import Page

from moothall.db import Database
from moothall.meeting.service import MeetingSecrets, MeetingService
from moothall.page.files import read_page_files
from moothall.page.headers import page_headers
from moothall.page.routes import page_router


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
    robots = await page.http.get("/robots.txt")

    assert script.headers["content-type"].startswith("text/javascript")
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
    assert policy["script-src"] == policy["style-src"] == policy["font-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["object-src"] == policy["base-uri"] == "'none'"
    assert policy["connect-src"] == "'self' wss://media.example https://media.example"
    assert policy["require-trusted-types-for"] == "'script'"
    assert not re.search(r"unsafe|\*|http:", text)


def test_a_server_without_tls_does_not_promise_tls() -> None:
    headers = page_headers("ws://127.0.0.1:8080")

    assert "strict-transport-security" not in headers
    assert "connect-src 'self' ws://127.0.0.1:8080 http://127.0.0.1:8080" in headers["content-security-policy"]


async def test_without_a_build_the_page_says_what_to_do(database: Database, clock: FakeClock, tmp_path: Path) -> None:
    secrets = MeetingSecrets(host_link="x" * 40, control="y" * 40)
    meeting = MeetingService(
        database=database, engine=FakeEngine(clock), clock=clock, secrets=secrets, wake=lambda: None
    )
    app = FastAPI(redirect_slashes=False)
    app.include_router(page_router(meeting, clock, media_url="ws://127.0.0.1", static=tmp_path / "nothing"))
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
    assert script.compressed is not None
    assert gzip.decompress(script.compressed) == script.body
