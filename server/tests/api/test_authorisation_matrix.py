"""The authorisation matrix: every operation of the OpenAPI document, called in every role.

An operation that is not in the table below fails the first test, so nobody adds a route without
deciding this.
"""

import base64
import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from support import pictures
from support.server import RunningServer, Tenant

from moothall.api.authentication import mint_token
from moothall.applications.keys import KeyPair
from moothall.applications.model import Account
from moothall.applications.store import find_account, insert_account
from moothall.callbacks import outbox
from moothall.callbacks.model import Event, Topic
from moothall.db import Connection
from moothall.kit.ids import new_secret, new_uuid
from moothall.recordings import store as recordings
from moothall.recordings.model import Recording
from moothall.sessions import store as sessions
from moothall.sessions.model import Session

TOKEN, BASIC, ANYBODY = "applicationToken", "accountSecret", None

WHO_MAY: dict[str, str | None] = {
    "list_rooms": TOKEN,
    "create_room": TOKEN,
    "get_room": TOKEN,
    "update_room": TOKEN,
    "list_themes": TOKEN,
    "create_theme": TOKEN,
    "get_logo_upload_urls": TOKEN,
    "get_theme": TOKEN,
    "update_theme": TOKEN,
    "delete_theme": TOKEN,
    "finalize_logos": TOKEN,
    "get_default_theme": TOKEN,
    "set_default_theme": TOKEN,
    "list_rooms_of_theme": TOKEN,
    "list_all_recordings": TOKEN,
    "list_theme_backgrounds": TOKEN,
    "add_theme_background": TOKEN,
    "delete_theme_background": TOKEN,
    "get_recording": TOKEN,
    "delete_recording": TOKEN,
    "list_session_recordings": TOKEN,
    "get_session": TOKEN,
    "list_events": TOKEN,
    "list_deliveries": TOKEN,
    "get_delivery": TOKEN,
    "redeliver": TOKEN,
    "redeliver_many": TOKEN,
    "send_test_callback": TOKEN,
    "list_all_sessions": TOKEN,
    "list_sessions": TOKEN,
    "list_session_participants": TOKEN,
    "list_chat_messages": TOKEN,
    "get_usage": TOKEN,
    "list_usage_of_rooms": TOKEN,
    "list_usage_of_sessions": TOKEN,
    "list_usage_entries": TOKEN,
    "get_usage_statement": TOKEN,
    "list_live_sessions": TOKEN,
    "get_live_room": TOKEN,
    "end_live_session": TOKEN,
    "remove_participant": TOKEN,
    "mute_participant": TOKEN,
    "admit_participant": TOKEN,
    "deny_participant": TOKEN,
    "get_live_state": TOKEN,
    "lower_hands": TOKEN,
    "lower_hand": TOKEN,
    "set_live_permissions": TOKEN,
    "lock_live_session": TOKEN,
    "spotlight_participant": TOKEN,
    "promote_participant": TOKEN,
    "allow_participant": TOKEN,
    "mute_all_participants": TOKEN,
    "ask_participant_to_unmute": TOKEN,
    "pin_chat_message": TOKEN,
    "remove_chat_message": TOKEN,
    "list_applications": BASIC,
    "create_application": BASIC,
    "get_application": BASIC,
    "update_application": BASIC,
    "delete_application": BASIC,
    "get_account": BASIC,
    "rotate_signature_secret": BASIC,
    "get_account_usage": BASIC,
    "get_account_prices": BASIC,
    "list_usage_of_applications": BASIC,
    "get_account_statement": BASIC,
    # Anybody may ask; a form or a link needs its own signature, which their own tests are about.
    "list_dial_in_numbers": ANYBODY,
    "upload_logo": ANYBODY,
    "put_logo": ANYBODY,
    "get_logo": ANYBODY,
    "get_background": ANYBODY,
    "load_recording": ANYBODY,
    "health": ANYBODY,
    "readiness": ANYBODY,
    "version": ANYBODY,
}
# Operations on somebody in a room, or on all: the right application hears that nobody is there.
ABOUT_A_PERSON = {
    "remove_participant",
    "mute_participant",
    "admit_participant",
    "deny_participant",
    "lower_hands",
    "lower_hand",
    "set_live_permissions",
    "lock_live_session",
    "spotlight_participant",
    "promote_participant",
    "allow_participant",
    "mute_all_participants",
    "ask_participant_to_unmute",
    "pin_chat_message",
    "remove_chat_message",
}


@dataclass
class Operation:
    id: str
    method: str
    path: str
    body: Any

    @property
    def names_an_object(self) -> bool:
        return "{" in self.path

    async def call(self, http: httpx2.AsyncClient, ids: dict[str, str], authorization: str | None) -> httpx2.Response:
        path = re.sub(r"\{(\w+)\}", lambda match: ids[match[1]], self.path)
        headers = {} if authorization is None else {"authorization": authorization}
        options = {} if self.body is None else {"json": self.body}
        return await http.request(self.method, path, headers=headers, **options)


@pytest.fixture
async def operations(server: RunningServer) -> list[Operation]:
    document = (await server.http.get("/openapi.json")).json()
    return [
        Operation(operation["operationId"], method.upper(), path, _example(operation))
        for path, item in document["paths"].items()
        for method, operation in item.items()
    ]


def _example(operation: dict[str, Any]) -> Any:
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    return next((example["value"] for example in content.get("examples", {}).values()), None)


async def test_every_operation_is_in_the_table_as_the_document_has_it(
    server: RunningServer, operations: list[Operation]
):
    document = (await server.http.get("/openapi.json")).json()

    missing = {operation.id for operation in operations} - set(WHO_MAY)
    assert not missing, "decide who may call these, and add them to the table"
    for item in document["paths"].values():
        for operation in item.values():
            schemes = [scheme for entry in operation.get("security", []) for scheme in entry]
            assert schemes == [WHO_MAY[operation["operationId"]]] * len(schemes), operation["operationId"]
            assert bool(schemes) is (WHO_MAY[operation["operationId"]] is not ANYBODY), operation["operationId"]


async def test_only_the_right_application_gets_in(
    server: RunningServer, acme: Tenant, globex: Tenant, other_keys: KeyPair, operations: list[Operation]
):
    basic = await _basic(server, acme.account_id)
    for operation in [operation for operation in operations if WHO_MAY[operation.id] == TOKEN]:
        # Wrong credentials of one address are limited, and come back with the time.
        server.clock.advance(minutes=1)
        ids = await _objects(server, acme)
        refused = {
            "nothing": None,
            "not a token": "Bearer nonsense",
            "the account's secret": basic,
            "another key": f"Bearer {_token(acme, key=other_keys)}",
            "an expired token": f"Bearer {_token(acme, age=timedelta(minutes=20))}",
            "a token for later": f"Bearer {_token(acme, age=timedelta(minutes=-20))}",
            "an application nobody knows": f"Bearer {_token(acme, application_id=new_uuid())}",
        }
        for role, authorization in refused.items():
            response = await operation.call(server.http, ids, authorization)
            assert response.status_code == 401, (operation, role)
            assert set(response.json()) == {"title", "detail"}, (operation, role)

        others = await operation.call(server.http, ids, f"Bearer {globex.token()}")
        mine = await operation.call(server.http, ids, f"Bearer {acme.token()}")

        assert mine.status_code < 500 and mine.status_code not in (401, 403, 405), (operation, mine.text)  # noqa: PT018
        if operation.names_an_object:
            assert others.status_code == 404, (operation, others.text)
            assert mine.status_code != 404 or operation.id in ABOUT_A_PERSON, (operation, mine.text)
            if operation.id in ABOUT_A_PERSON and mine.status_code == 404:
                assert mine.json()["message"] != others.json()["message"], operation
        else:
            assert others.status_code < 500 and others.status_code != 404, (operation, others.text)  # noqa: PT018
        leaked = [name for name in ("room_id", "theme_id", "recording_id") if _says(others, operation, ids, name)]
        assert not leaked, (operation, leaked, others.text)


async def test_only_the_right_account_gets_in(
    server: RunningServer, acme: Tenant, globex: Tenant, keys: KeyPair, operations: list[Operation]
):
    right = await _basic(server, acme.account_id)
    stranger = Account("5f7a9b11", new_secret(), new_secret(), server.clock.now() + timedelta(seconds=1))
    await server.server.context.database.write(lambda connection: insert_account(connection, stranger))
    other = _basic_header(stranger.account_id, stranger.api_secret)
    for operation in [operation for operation in operations if WHO_MAY[operation.id] == BASIC]:
        mine = await server.tenant(keys, "One to be deleted")
        ids = {"application_id": mine.application_id}
        refused = {
            "nothing": None,
            "not base64": "Basic ?",
            "a wrong secret": _basic_header(acme.account_id, "x" * 43),
            "another account's secret": _basic_header(acme.account_id, stranger.api_secret),
            "an application's token": f"Bearer {acme.token()}",
        }
        for role, authorization in refused.items():
            response = await operation.call(server.http, ids, authorization)
            assert response.status_code == 401, (operation, role)

        others_answer = await operation.call(server.http, ids, other)
        my_answer = await operation.call(server.http, ids, right)

        assert my_answer.status_code in (200, 201, 204), (operation, my_answer.text)
        if operation.names_an_object:
            assert others_answer.status_code == 404, (operation, others_answer.text)
        else:
            assert mine.application_id not in others_answer.text, operation
        assert globex.application_id not in others_answer.text


async def test_what_anybody_may_call_shows_nothing_of_applications(
    server: RunningServer, acme: Tenant, operations: list[Operation]
):
    ids = await _objects(server, acme)
    for operation in [operation for operation in operations if WHO_MAY[operation.id] is ANYBODY]:
        response = await operation.call(server.http, ids, None)

        assert response.status_code < 500, operation
        assert acme.application_id not in response.text
        assert ids["theme_id"] not in response.text


async def test_head_and_options_are_as_safe_as_the_operation(
    server: RunningServer, acme: Tenant, operations: list[Operation]
):
    ids = await _objects(server, acme)
    for operation in operations:
        server.clock.advance(minutes=1)
        head = await Operation(operation.id, "HEAD", operation.path, None).call(server.http, ids, None)
        options = await Operation(operation.id, "OPTIONS", operation.path, None).call(server.http, ids, None)

        assert head.content == b"", operation
        if WHO_MAY[operation.id] is not ANYBODY:
            assert head.status_code in (401, 405), operation
        assert (options.status_code, options.content) == (204, b""), operation
        allowed = {method.strip() for method in options.headers["allow"].split(",")}
        assert {operation.method, "OPTIONS"} <= allowed, operation
        assert ("HEAD" in allowed) is ("GET" in allowed), operation


async def test_the_methods_of_an_address_are_all_it_has_and_no_others(
    server: RunningServer, acme: Tenant, operations: list[Operation]
):
    ids = await _objects(server, acme)
    methods: dict[str, set[str]] = {}
    for operation in operations:
        methods.setdefault(operation.path, {"OPTIONS"}).add(operation.method)
    for path, documented in methods.items():
        expected = documented | ({"HEAD"} if "GET" in documented else set())
        options = await Operation("", "OPTIONS", path, None).call(server.http, ids, None)
        assert set(options.headers["allow"].split(", ")) == expected, path
        for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "TRACE"} - expected:
            refused = await Operation("", method, path, None).call(server.http, ids, f"Bearer {acme.token()}")
            assert (refused.status_code, refused.headers["allow"]) == (405, options.headers["allow"]), (method, path)


async def test_head_is_get_without_the_body(acme: Tenant):
    room = await acme.create_room()

    get = await acme.get(f"/rooms/{room['id']}")
    head = await acme.request("HEAD", f"/rooms/{room['id']}")

    assert head.status_code == 200
    assert head.content == b""
    assert head.headers["content-length"] == get.headers["content-length"]
    assert head.headers["content-type"] == "application/json"


def _says(response: httpx2.Response, operation: Operation, ids: dict[str, str], name: str) -> bool:
    """Return whether the answer reveals more than that the id in the URL is unknown."""
    return ids[name] in response.text and f"{{{name}}}" not in operation.path


def _token(
    tenant: Tenant, *, key: KeyPair | None = None, age: timedelta = timedelta(0), application_id: str | None = None
) -> str:
    return mint_token(
        (key or tenant.keys).private,
        application_id or tenant.application_id,
        jti=new_uuid(),
        now=tenant.clock.now() - age,
        lifetime=timedelta(minutes=15),
    )


async def _basic(server: RunningServer, account_id: str) -> str:
    account = await server.server.context.database.read(lambda connection: find_account(connection, account_id))
    assert account is not None
    return _basic_header(account.account_id, account.api_secret)


def _basic_header(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


async def _objects(server: RunningServer, tenant: Tenant) -> dict[str, str]:
    """One of everything the application can have, by the name that paths have for its id."""
    room = await tenant.create_room(type="long_term", expires_at="2026-12-24T18:00:00Z")
    theme = (await tenant.post("/themes", json={"main_color": "#12f64e", "brand_text": "Acme"})).json()
    picture = pictures.photo(640, 360)
    background = (await tenant.post(f"/themes/{theme['theme_id']}/backgrounds", content=picture)).json()
    now = server.clock.now()
    session = Session(f"2_MX4{new_uuid()}", room["id"], tenant.application_id, now, None)
    recording = Recording(new_uuid(), tenant.application_id, room["id"], session.id, now)

    def store(connection: Connection) -> None:
        sessions.insert_session(connection, session)
        recordings.insert_recording(connection, recording)
        happened = Event(
            tenant.application_id, room["id"], Topic.ROOMS, "room:expired", {}, "http://127.0.0.1:9/", None, now
        )
        outbox.record(connection, happened)

    await server.server.context.database.write(store)
    deliveries = (await tenant.get("/callbacks/deliveries")).json()["_embedded"]
    return {
        "room_id": room["id"],
        "theme_id": theme["theme_id"],
        "background_id": background["background_id"],
        "session_id": session.id,
        "recording_id": recording.id,
        "participant_id": new_uuid(),
        "delivery_id": str(deliveries[-1]["id"]),
        "application_id": tenant.application_id,
        "file_name": f"{new_uuid()}.png",
    }
