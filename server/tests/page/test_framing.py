"""Who may show a meeting in a frame, and what the others see there."""

import re
from pathlib import Path

import httpx2
import pytest
from fastapi import FastAPI
from support.page import Page

from moothall.applications import service as applications
from moothall.page.framing_words import WORDS, choose_words
from moothall.page.routes import assemble_page

SHOP = "https://shop.example"
IN_FRAME = {"sec-fetch-dest": "iframe"}
IN_TAB = {"sec-fetch-dest": "document"}


async def allow(page: Page, *domains: str) -> None:
    await page.database.write(
        lambda connection: applications.allow_domains(connection, page.room.application_id, domains)
    )


async def frame(page: Page, path: str, embedder: str | None = SHOP) -> httpx2.Response:
    referer = {} if embedder is None else {"referer": f"{embedder}/"}
    return await page.http.get(path, headers={**IN_FRAME, **referer})


def ancestors(response: httpx2.Response) -> str:
    match = re.search(r"frame-ancestors ([^;]+)", response.headers["content-security-policy"])
    assert match is not None
    return match[1]


async def test_listed_domains_may_show_the_rooms_of_their_application(page: Page) -> None:
    await allow(page, SHOP, "https://*.school.example")

    guest = await frame(page, f"/{page.room.meeting_code}")
    host = await frame(page, f"/?room_token={page.room.meeting_code}&participant_token={page.host_token}")
    branded = await frame(page, f"/acme/{page.room.meeting_code}", "https://a.school.example")

    for answer in (guest, host, branded):
        assert answer.status_code == 200
        assert ancestors(answer) == "https://*.school.example https://shop.example"
        assert answer.headers["cache-control"] == "no-store"
        assert "sec-fetch-dest" in answer.headers["vary"]
    assert guest.content == (await page.http.get("/")).content


@pytest.mark.parametrize("embedder", ["https://other.example", "https://shop.example:8443", "http://shop.example"])
async def test_another_origin_is_told_what_to_list_and_where(page: Page, embedder: str) -> None:
    await allow(page, SHOP)

    answer = await frame(page, f"/{page.room.meeting_code}", embedder)

    assert answer.status_code == 403
    assert f"<code>{embedder}</code>" in answer.text
    assert ("https first" if embedder.startswith("http:") else "embedding.allowed_domains") in answer.text
    assert ancestors(answer) == "*"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'; style-src 'sha256-")
    assert "<script" not in answer.text
    assert page.room.display_name not in answer.text


async def test_an_unknown_code_is_refused_like_a_known_one(page: Page) -> None:
    known = await frame(page, f"/{page.room.meeting_code}")
    unknown = await frame(page, "/100000000000")
    false_link = await frame(page, f"/?room_token={page.room.meeting_code}&participant_token=x")
    nothing = await frame(page, "/")

    answers = [known, unknown, false_link, nothing]
    assert {answer.status_code for answer in answers} == {403}
    assert len({answer.content for answer in answers}) == 1
    assert len({tuple(sorted(answer.headers.items())) for answer in answers}) == 1


async def test_without_a_referrer_the_browser_alone_decides(page: Page) -> None:
    silent = await frame(page, f"/{page.room.meeting_code}", None)
    await allow(page, SHOP)
    listed = await frame(page, f"/{page.room.meeting_code}", None)

    assert silent.status_code == 403
    assert "the origin of the page around this frame" in silent.text
    assert (listed.status_code, ancestors(listed)) == (200, SHOP)


@pytest.mark.parametrize(
    "referer", ['https://a.example"><script>alert(1)</script>/', "https://<b>/", "javascript:alert(1)", "x", "https://"]
)
async def test_nothing_strange_is_repeated_from_the_referrer(page: Page, referer: str) -> None:
    answer = await page.http.get(f"/{page.room.meeting_code}", headers={**IN_FRAME, "referer": referer})

    assert answer.status_code == 403
    assert "script" not in answer.text
    assert "<b>" not in answer.text


async def test_a_tab_needs_no_list_and_costs_no_guess(page: Page) -> None:
    for _ in range(400):
        tab = await page.http.get("/100000000000", headers=IN_TAB)
        assert (tab.status_code, ancestors(tab)) == (200, "'none'")

    assert (await page.lookup("100000000000")).status_code == 404


async def test_asking_for_frames_uses_up_the_guesses_of_lookups(page: Page) -> None:
    await allow(page, SHOP)
    for number in range(300):
        assert (await frame(page, f"/{100000000000 + number}")).status_code == 403

    known = await frame(page, f"/{page.room.meeting_code}")
    unknown = await frame(page, "/100000000000")
    host = await frame(page, f"/?room_token={page.room.meeting_code}&participant_token={page.host_token}")
    without_hint = await page.http.get(f"/{page.room.meeting_code}")

    assert known.status_code == unknown.status_code == 429
    assert known.content == unknown.content
    assert int(known.headers["retry-after"]) > 0
    assert host.status_code == 200
    assert (without_hint.status_code, ancestors(without_hint)) == (200, "'none'")
    assert (await page.lookup("100000000000")).status_code == 429


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("", "en"),
        ("de-AT,de;q=0.9,en;q=0.8", "de"),
        ("ja,fr;q=0.5,it;q=0.7", "it"),
        ("pt", "pt-br"),
        ("iw", "he"),
        ("zh-Hant-HK", "zh-tw"),
        ("zh", "zh-cn"),
        ("de;q=0,es", "es"),
        ("*", "en"),
        ("de;q=nan, de;q=7, ;;;, ar", "ar"),
        ("de;" * 20_000, "en"),
        (",".join(["xx"] * 20 + ["de"]), "en"),
    ],
)
def test_the_words_are_in_the_best_language_of_the_browser(accepted: str, language: str) -> None:
    assert choose_words(accepted).language == language


async def test_a_refusal_is_in_the_language_of_the_browser(page: Page) -> None:
    path = f"/{page.room.meeting_code}"
    headers = {**IN_FRAME, "referer": f"{SHOP}/", "accept-language": "he-IL"}
    refused = await page.http.get(path, headers=headers)

    assert refused.status_code == 403
    assert '<html lang="he" dir="rtl">' in refused.text
    assert "<h1>אי אפשר להציג את הפגישה הזאת כאן</h1>" in refused.text
    assert '<p lang="en" dir="ltr">For the developers' in refused.text
    assert refused.headers["vary"] == "accept-language"
    assert refused.text == (await page.http.get("/100000000000", headers=headers)).text


def test_the_words_are_in_all_languages_of_the_page() -> None:
    locales = Path(__file__).parents[3] / "web/src/lib/locales"

    assert set(WORDS) == {path.stem for path in locales.glob("*.json")}
    for words in WORDS.values():
        assert words.slow_down.format(seconds=7).count("7") == 1


async def test_this_machine_may_embed_everything_in_development_only(page: Page, build: Path) -> None:
    local = "http://localhost:5173"
    (build / "demo.html").write_text("<!doctype html><title>Demo</title>")
    refused = await frame(page, f"/{page.room.meeting_code}", local)
    app = FastAPI(redirect_slashes=False)
    assembled = assemble_page(page.meeting, None, page.clock, media_url=None, loopback=True, static=build)
    app.include_router(assembled.router)
    transport = httpx2.ASGITransport(app=app)

    async with httpx2.AsyncClient(transport=transport, base_url="http://localhost:8080") as http:
        known, unknown = [
            await http.get(path, headers={**IN_FRAME, "referer": f"{local}/"})
            for path in (f"/{page.room.meeting_code}", "/100000000000")
        ]
        stranger = await http.get(f"/{page.room.meeting_code}", headers={**IN_FRAME, "referer": f"{SHOP}/"})
        demo = await http.get("/embed/demo")
        by_name = await http.get("/demo.html")

    assert refused.status_code == 403
    assert "<code>http://localhost:5173</code>" in refused.text
    assert known.status_code == unknown.status_code == 200
    assert ancestors(known) == ancestors(unknown) == "http://localhost:* http://127.0.0.1:*"
    assert stranger.status_code == 403
    assert (demo.status_code, by_name.status_code) == (200, 404)
    assert demo.headers["content-security-policy"].endswith("frame-src 'self'")
    assert (await page.http.get("/embed/demo")).status_code == 404


async def test_any_page_may_load_the_script_for_embedding_and_no_other_file(page: Page) -> None:
    script = (await page.http.get("/embed.js")).headers
    other = (await page.http.get("/assets/index-Ab12.js")).headers

    assert script["content-type"].startswith("text/javascript")
    assert (script["access-control-allow-origin"], script["cross-origin-resource-policy"]) == ("*", "cross-origin")
    assert script["cache-control"] == "no-cache"
    assert "access-control-allow-origin" not in other
    assert other["cross-origin-resource-policy"] == "same-origin"
