"""``/rooms`` as a client sees it."""

import re
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from support.clock import FakeClock
from support.server import ORIGIN, RunningServer, Tenant

from moothall.db import Connection
from moothall.rooms import service
from moothall.rooms.model import RoomType

LONG_TERM = {"type": "long_term", "expires_at": "2026-12-24T18:00:00.000Z"}
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


async def test_room_has_every_key_and_the_defaults(acme: Tenant):
    response = await acme.post("/rooms", json={"display_name": "Weekly"})

    room = response.json()
    assert response.status_code == 201
    assert UUID.fullmatch(room.pop("id"))
    code = room.pop("meeting_code")
    assert re.fullmatch(r"[1-9][0-9]{11}", code)
    links = room.pop("_links")
    assert links["guest_url"]["href"] == f"{ORIGIN}/{code}"
    host = urlsplit(links["host_url"]["href"])
    assert f"{host.scheme}://{host.netloc}{host.path}" == f"{ORIGIN}/"
    assert parse_qs(host.query)["room_token"] == [code]
    assert set(parse_qs(host.query)) == {"room_token", "participant_token"}
    assert room == {
        "display_name": "Weekly",
        "metadata": None,
        "type": "instant",
        "expires_at": "2026-11-22T12:10:00.000Z",
        "recording_options": {"auto_record": False, "record_only_owner": False},
        "is_available": True,
        "theme_id": None,
        "created_at": "2026-11-22T12:00:00.000Z",
        "expire_after_use": False,
        "join_approval_level": "none",
        "initial_join_options": {"microphone_state": "default"},
        "callback_urls": {
            "rooms_callback_url": None,
            "sessions_callback_url": None,
            "recordings_callback_url": None,
        },
        "available_features": {
            "is_recording_available": True,
            "is_chat_available": True,
            "is_whiteboard_available": True,
            "is_locale_switcher_available": True,
            "is_captions_available": False,
        },
        "ui_settings": {"language": "default"},
    }


async def test_a_new_room_is_available_whatever_the_request_says(acme: Tenant):
    room = await acme.create_room(is_available=False)
    change = {"update_details": {"is_available": False}}

    refused = await acme.patch(f"/rooms/{(await acme.create_room(**LONG_TERM))['id']}", json=change)

    assert room["is_available"] is True
    assert refused.json()["message"] == '"update_details.is_available" is not allowed'


async def test_a_date_that_does_not_exist_is_left_out(acme: Tenant, server: RunningServer):
    room = await acme.create_room()
    await server.engine.join(room["id"], "ada", name="Ada")

    occupied = (await acme.get(f"/rooms/{room['id']}")).json()
    (listed,) = (await acme.get("/rooms")).json()["_embedded"]
    await server.engine.leave(room["id"], "ada")

    assert set(room) - set(occupied) == {"expires_at"}
    assert listed == occupied
    assert set((await acme.get(f"/rooms/{room['id']}")).json()) == set(room)


async def test_everything_a_room_can_say_is_kept(acme: Tenant):
    said: dict[str, Any] = {
        "display_name": "Übergabe 🚀",
        "metadata": "case=42; Ä",
        **LONG_TERM,
        "expire_after_use": True,
        "join_approval_level": "explicit_approval",
        "recording_options": {"auto_record": True, "record_only_owner": True},
        "initial_join_options": {"microphone_state": "off"},
        "callback_urls": {
            "rooms_callback_url": "https://example.com/rooms",
            "sessions_callback_url": "https://example.com/sessions?a=b",
            "recordings_callback_url": "http://example.com:8080/recordings",
        },
        "available_features": {
            "is_recording_available": False,
            "is_chat_available": False,
            "is_whiteboard_available": False,
            "is_locale_switcher_available": False,
            "is_captions_available": True,
        },
        "ui_settings": {"language": "he"},
    }

    created = await acme.create_room(**said)
    found = (await acme.get(f"/rooms/{created['id']}")).json()

    assert found == created
    assert {name: found[name] for name in said} == said


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("2026-12-24T18:00:00.123Z", "2026-12-24T18:00:00.123Z"),
        ("2026-12-24 18:00:00", "2026-12-24T18:00:00.000Z"),
        ("2026-12-24T18:00", "2026-12-24T18:00:00.000Z"),
        ("2026-12-24T18:00:00.123456789+01:30", "2026-12-24T16:30:00.123Z"),
        ("2026-12-24t18:00:00-0500", "2026-12-24T23:00:00.000Z"),
        ("2026-12-24 18:00:00,5 +02", "2026-12-24T16:00:00.500Z"),
    ],
)
async def test_timestamps_are_taken_in_every_form_clients_send(acme: Tenant, sent: str, kept: str):
    room = await acme.create_room(type="long_term", expires_at=sent)

    assert room["expires_at"] == kept


async def test_choices_are_taken_in_upper_case(acme: Tenant):
    room = await acme.create_room(
        type="LONG_TERM",
        expires_at=LONG_TERM["expires_at"],
        join_approval_level="AFTER_OWNER_ONLY",
        ui_settings={"language": "PT-BR"},
        initial_join_options={"microphone_state": "On"},
    )

    assert room["type"] == "long_term"
    assert room["join_approval_level"] == "after_owner_only"
    assert room["ui_settings"] == {"language": "pt-br"}
    assert room["initial_join_options"] == {"microphone_state": "on"}


async def test_null_means_the_default(acme: Tenant):
    plain = await acme.create_room()
    room = await acme.create_room(
        metadata=None,
        type=None,
        expires_at=None,
        theme_id=None,
        expire_after_use=None,
        callback_urls=None,
        available_features={"is_chat_available": None},
        ui_settings={"language": None},
    )

    varying = {"id", "meeting_code", "_links"}
    assert {k: v for k, v in room.items() if k not in varying} == {k: v for k, v in plain.items() if k not in varying}


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"display_name": None}, '"display_name" must be a string'),
        ({"display_name": ""}, '"display_name" is not allowed to be empty'),
        ({"display_name": "x" * 201}, '"display_name" length must be less than or equal to 200 characters long'),
        ({"display_name": "a\nb"}, '"display_name" must not contain control characters'),
        ({"display_name": 5}, '"display_name" must be a string'),
        ({"metadata": "x" * 501}, '"metadata" length must be less than or equal to 500 characters long'),
        ({"metadata": {"a": "b"}}, '"metadata" must be a string'),
        ({"type": "forever"}, '"type" must be one of [instant, long_term]'),
        ({"type": ["instant"]}, '"type" must be one of [instant, long_term]'),
        ({"expires_at": "2026-12-24T18:00:00Z"}, '"expires_at" is not allowed'),
        ({"type": "long_term"}, '"expires_at" is required'),
        (LONG_TERM | {"expires_at": "tomorrow"}, '"expires_at" must be a valid ISO 8601 date'),
        (LONG_TERM | {"expires_at": 1798135200}, '"expires_at" must be a valid ISO 8601 date'),
        (LONG_TERM | {"expires_at": "2026-02-30T00:00:00Z"}, '"expires_at" must be a valid ISO 8601 date'),
        (LONG_TERM | {"expires_at": "0001-01-01T00:00:00+14:00"}, '"expires_at" must be a valid ISO 8601 date'),
        (
            LONG_TERM | {"expires_at": "2026-11-22T12:10:00.000Z"},
            '"expires_at" must be more than 10 minutes in the future',
        ),
        (
            LONG_TERM | {"expires_at": "2027-11-22T12:00:00.001Z"},
            '"expires_at" must be at most one year in the future',
        ),
        ({"expire_after_use": "yes"}, '"expire_after_use" must be a boolean'),
        ({"theme_id": "red"}, '"theme_id" must be a valid GUID'),
        (
            {"join_approval_level": "maybe"},
            '"join_approval_level" must be one of [none, after_owner_only, explicit_approval]',
        ),
        (
            {"initial_join_options": {"microphone_state": "loud"}},
            '"initial_join_options.microphone_state" must be one of [on, off, default]',
        ),
        ({"callback_urls": []}, '"callback_urls" must be of type object'),
        (
            {"callback_urls": {"rooms_callback_url": "ftp://example.com"}},
            '"callback_urls.rooms_callback_url" must be a valid uri with a scheme matching the http|https pattern',
        ),
        (
            {"callback_urls": {"sessions_callback_url": "https://exa mple.com"}},
            '"callback_urls.sessions_callback_url" must be a valid uri with a scheme matching the http|https pattern',
        ),
        ({"available_features": {"is_chat_available": 1}}, '"available_features.is_chat_available" must be a boolean'),
        (
            {"available_features": {"is_flying_available": True}},
            '"available_features.is_flying_available" is not allowed',
        ),
        ({"ui_settings": {"language": "tlh"}}, '"ui_settings.language" must be one of [default, ar, ca, de, '),
        ({"colour": "red"}, '"colour" is not allowed'),
    ],
)
async def test_create_names_what_is_wrong(acme: Tenant, fields: dict[str, Any], error: str):
    response = await acme.post("/rooms", json={"display_name": "Weekly", **fields})

    body = response.json()
    assert response.status_code == 400
    assert body["name"] == "InputValidationError"
    assert body["status"] == 400
    assert body["message"].startswith(error)
    assert body["errors"][0].startswith(error)


async def test_create_names_everything_that_is_wrong(acme: Tenant):
    response = await acme.post("/rooms", json={"type": "x", "colour": 1, "recording_options": {"auto_record": 3}})

    assert sorted(response.json()["errors"]) == [
        '"colour" is not allowed',
        '"display_name" is required',
        '"recording_options.auto_record" must be a boolean',
        '"type" must be one of [instant, long_term]',
    ]


async def test_expires_at_may_be_a_year_ahead_to_the_millisecond(acme: Tenant):
    room = await acme.create_room(type="long_term", expires_at="2027-11-22T12:00:00.000Z")

    assert room["expires_at"] == "2027-11-22T12:00:00.000Z"


async def test_theme_that_does_not_exist_is_refused(acme: Tenant):
    theme = "7b1091e1-6c3f-4b0e-9b0e-2f6a36ad3d80"

    created = await acme.post("/rooms", json={"display_name": "Weekly", "theme_id": theme})
    room = await acme.create_room(**LONG_TERM)
    updated = await acme.patch(f"/rooms/{room['id']}", json={"update_details": {"theme_id": theme}})

    assert created.json()["message"] == f"Failed to create room because theme id {theme} not found"
    assert updated.json()["message"] == f"Failed to update room because theme id {theme} not found"
    assert created.json()["name"] == updated.json()["name"] == "BadRequestError"


async def test_room_of_another_application_is_not_found(acme: Tenant, globex: Tenant):
    room = await acme.create_room(**LONG_TERM)

    seen = await globex.get(f"/rooms/{room['id']}")
    changed = await globex.patch(f"/rooms/{room['id']}", json={"update_details": {"expire_after_use": True}})
    unknown = await globex.get("/rooms/7b1091e1-6c3f-4b0e-9b0e-2f6a36ad3d80")
    listed = await globex.get("/rooms")

    assert seen.status_code == changed.status_code == unknown.status_code == 404
    assert seen.json()["name"] == "NotFoundError"
    assert seen.text.replace(room["id"], "-") == unknown.text.replace("7b1091e1-6c3f-4b0e-9b0e-2f6a36ad3d80", "-")
    assert listed.json()["total_items"] == 0


@pytest.mark.parametrize("key", ["update_details", "update_options"])
async def test_update_changes_only_what_is_said(acme: Tenant, key: str):
    room = await acme.create_room(**LONG_TERM, available_features={"is_chat_available": False})

    response = await acme.patch(
        f"/rooms/{room['id']}",
        json={
            key: {
                "expires_at": "2027-01-01 00:00:00",
                "available_features": {"is_whiteboard_available": False},
                "callback_urls": {"rooms_callback_url": "https://example.com/"},
                "ui_settings": {"language": "FR"},
            }
        },
    )

    changed = response.json()
    assert response.status_code == 200
    assert changed["expires_at"] == "2027-01-01T00:00:00.000Z"
    assert changed["available_features"] == {
        "is_recording_available": True,
        "is_chat_available": False,
        "is_whiteboard_available": False,
        "is_locale_switcher_available": True,
        "is_captions_available": False,
    }
    assert changed["callback_urls"]["rooms_callback_url"] == "https://example.com/"
    assert changed["ui_settings"] == {"language": "fr"}
    untouched = set(room) - {"expires_at", "available_features", "callback_urls", "ui_settings"}
    assert {name: changed[name] for name in untouched} == {name: room[name] for name in untouched}
    assert (await acme.get(f"/rooms/{room['id']}")).json() == changed


async def test_null_in_an_update_puts_the_default_back(acme: Tenant):
    room = await acme.create_room(
        **LONG_TERM,
        expire_after_use=True,
        callback_urls={"rooms_callback_url": "https://example.com/"},
        recording_options={"auto_record": True},
    )

    changes = {"expire_after_use": None, "callback_urls": {"rooms_callback_url": None}, "recording_options": None}
    changed = (await acme.patch(f"/rooms/{room['id']}", json={"update_details": changes})).json()

    assert changed["expire_after_use"] is False
    assert changed["callback_urls"]["rooms_callback_url"] is None
    assert changed["recording_options"] == {"auto_record": False, "record_only_owner": False}


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"update_details": {}}, '"update_details" must have at least 1 key'),
        ({"update_options": {}}, '"update_details" must have at least 1 key'),
        ({}, '"update_details" is required'),
        ({"update_details": {"display_name": "x"}}, '"update_details.display_name" is not allowed'),
        ({"update_details": {"type": "instant"}}, '"update_details.type" is not allowed'),
        ({"update_details": {"metadata": "x"}}, '"update_details.metadata" is not allowed'),
        ({"update_details": None}, '"update_details" must be of type object'),
        ({"update_details": {"expires_at": None}}, '"expires_at" is required'),
        (
            {"update_details": {"expires_at": "2026-11-22T12:00:01Z"}},
            '"expires_at" must be more than 10 minutes in the future',
        ),
        ({"update_details": {"expire_after_use": True}, "extra": 1}, '"extra" is not allowed'),
        ({"update_details": {"expire_after_use": True}, "update_options": {}}, '"update_options" is not allowed'),
    ],
)
async def test_update_names_what_is_wrong(acme: Tenant, body: dict[str, Any], error: str):
    room = await acme.create_room(**LONG_TERM)

    response = await acme.patch(f"/rooms/{room['id']}", json=body)

    assert response.status_code == 400
    assert response.json()["name"] == "InputValidationError"
    assert response.json()["message"] == error


async def test_instant_room_cannot_be_updated(acme: Tenant):
    room = await acme.create_room()

    response = await acme.patch(f"/rooms/{room['id']}", json={"update_details": {"expire_after_use": True}})

    assert response.status_code == 400
    assert response.json() == {
        "message": f"The room with id: {room['id']} could not be updated because of its type: temporary",
        "name": "BadRequestError",
        "status": 400,
    }


async def test_room_is_over_at_its_deadline_even_before_its_timer_runs(acme: Tenant, clock: FakeClock):
    room = await acme.create_room(**LONG_TERM)
    clock.advance(days=33)

    seen = await acme.get(f"/rooms/{room['id']}")
    changed = await acme.patch(
        f"/rooms/{room['id']}", json={"update_details": {"expires_at": "2027-01-30T00:00:00.000Z"}}
    )

    assert seen.json()["is_available"] is False
    assert changed.status_code == 404
    assert changed.json()["name"] == "NotFoundError"


async def test_an_application_can_have_a_thousand_open_rooms(
    acme: Tenant, globex: Tenant, clock: FakeClock, server: RunningServer
):
    def fill(connection: Connection) -> None:
        in_a_month = clock.now() + timedelta(days=30)
        for _ in range(999):
            service.create_room(
                connection,
                acme.application_id,
                display_name="One of many",
                room_type=RoomType.LONG_TERM,
                expires_at=in_a_month,
                now=clock.now(),
            )

    await server.server.context.database.write(fill)
    await acme.create_room()

    refused = await acme.post("/rooms", json={"display_name": "One more"})
    await globex.create_room()
    clock.advance(minutes=10)
    await server.run_due_jobs()
    await acme.create_room()

    assert refused.status_code == 403
    assert refused.json() == {
        "message": "Maximum number of rooms for owner (1000) exceeded",
        "name": "ForbiddenError",
        "status": 403,
    }


@pytest.mark.parametrize("prefix", ["/v1/meetings", "/meetings", "/beta/meetings"])
async def test_old_addresses_answer_too(acme: Tenant, prefix: str):
    created = await acme.post(f"{ORIGIN}{prefix}/rooms", json={"display_name": "Weekly"})
    listed = await acme.get(f"{ORIGIN}{prefix}/rooms")

    assert created.status_code == 201
    assert listed.json()["_links"]["self"]["href"] == f"{ORIGIN}{prefix}/rooms?page_size=20"
