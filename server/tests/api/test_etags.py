"""Read again only what has changed; change only what one has read."""

import pytest
from support.server import RunningServer, Tenant

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
