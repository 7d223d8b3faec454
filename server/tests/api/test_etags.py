"""Read again only what has changed; change only what one has read."""

import asyncio

import pytest
from support.server import RunningServer, Tenant

from moothall.applications.keys import KeyPair

LONG_TERM = {"type": "long_term", "expires_at": "2026-12-24T18:00:00.000Z"}
CHANGE = {"update_details": {"join_approval_level": "explicit_approval"}}
OTHER_CHANGE = {"update_details": {"join_approval_level": "none"}}


async def test_a_room_that_has_not_changed_is_not_sent_again(acme: Tenant):
    path = f"/rooms/{(await acme.create_room(**LONG_TERM))['id']}"
    tag = (await acme.get(path)).headers["etag"]

    again = await acme.get(path, headers={"if-none-match": f'"other", W/{tag}'})
    changed = await acme.patch(path, json=CHANGE)
    afterwards = await acme.get(path, headers={"if-none-match": tag})

    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert changed.headers["etag"] != tag
    assert afterwards.status_code == 200
    assert afterwards.headers["etag"] == changed.headers["etag"]


async def test_the_answer_to_a_creation_has_the_tag_of_the_room(acme: Tenant):
    created = await acme.post("/rooms", json={"display_name": "Weekly", **LONG_TERM})

    read = await acme.get(f"/rooms/{created.json()['id']}")

    assert created.headers["etag"] == read.headers["etag"]


async def test_the_second_of_two_who_read_the_same_room_does_not_undo_the_first(acme: Tenant):
    path = f"/rooms/{(await acme.create_room(**LONG_TERM))['id']}"
    tag = (await acme.get(path)).headers["etag"]

    first = await acme.patch(path, json=CHANGE, headers={"if-match": tag})
    second = await acme.patch(path, json=OTHER_CHANGE, headers={"if-match": tag})

    assert first.status_code == 200
    assert second.status_code == 412
    assert second.json()["name"] == "PreconditionFailedError"
    assert (await acme.get(path)).json()["join_approval_level"] == "explicit_approval"


@pytest.mark.parametrize("header", ["*", None])
async def test_whoever_does_not_ask_changes_the_room_as_it_is(server: RunningServer, acme: Tenant, header: str | None):
    path = f"/rooms/{(await acme.create_room(**LONG_TERM))['id']}"

    changed = await acme.patch(path, json=CHANGE, headers={} if header is None else {"if-match": header})

    assert changed.status_code == 200


async def test_a_room_that_is_not_there_is_not_found_whatever_is_asked(acme: Tenant):
    response = await acme.patch("/rooms/7b1091e1-6c3f-4b0e-9b0e-2f6a36ad3d80", json=CHANGE, headers={"if-match": '"x"'})

    assert response.status_code == 404


THEME = {"main_color": "#12f64e", "brand_text": "Acme"}


async def test_a_theme_that_has_not_changed_is_not_sent_again(acme: Tenant):
    created = await acme.post("/themes", json=THEME)
    path = f"/themes/{created.json()['theme_id']}"
    tag = created.headers["etag"]

    again = await acme.get(path, headers={"if-none-match": tag})
    changed = await acme.patch(path, json={"update_details": {"brand_text": "Acme Ltd."}})
    afterwards = await acme.get(path, headers={"if-none-match": tag})

    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert (afterwards.status_code, afterwards.json()["brand_text"]) == (200, "Acme Ltd.")
    assert afterwards.headers["etag"] == changed.headers["etag"] != tag


async def test_the_second_of_two_who_read_the_same_theme_does_not_undo_the_first(acme: Tenant):
    created = await acme.post("/themes", json=THEME)
    path = f"/themes/{created.json()['theme_id']}"
    tag = {"if-match": created.headers["etag"]}

    first = await acme.patch(path, json={"update_details": {"brand_text": "First"}}, headers=tag)
    second = await acme.patch(path, json={"update_details": {"brand_text": "Second"}}, headers=tag)
    anyway = await acme.patch(path, json={"update_details": {"main_color": "#000"}}, headers={"if-match": "*"})

    assert (first.status_code, second.status_code, anyway.status_code) == (200, 412, 200)
    assert second.json()["name"] == "PreconditionFailedError"
    assert (await acme.get(path)).json()["brand_text"] == "First"


@pytest.mark.parametrize("what", ["room", "theme"])
async def test_one_of_many_who_change_the_same_at_once_wins(any_server: RunningServer, keys: KeyPair, what: str):
    tenant = await any_server.tenant(keys)
    if what == "room":
        path = f"/rooms/{(await tenant.create_room(**LONG_TERM))['id']}"
        changes = [{"expires_at": f"2026-12-{day}T18:00:00.000Z"} for day in range(10, 20)]
    else:
        path = f"/themes/{(await tenant.post('/themes', json=THEME)).json()['theme_id']}"
        changes = [{"brand_text": f"Text {number}"} for number in range(10)]
    tag = (await tenant.get(path)).headers["etag"]

    answers = await asyncio.gather(
        *(tenant.patch(path, json={"update_details": change}, headers={"if-match": tag}) for change in changes)
    )

    assert sorted(answer.status_code for answer in answers) == [200] + [412] * 9
    (winner,) = (answer for answer in answers if answer.status_code == 200)
    assert (await tenant.get(path)).json() == winner.json()
