"""``/v2/applications`` as a client sees it."""

import asyncio
import base64
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from cryptography.hazmat.primitives import serialization
from sqlalchemy import func, select
from support import pictures
from support.server import ORIGIN, RunningServer, Tenant
from support.waiting import eventually

from moothall.api.authentication import mint_token
from moothall.applications import store
from moothall.applications.keys import KeyPair
from moothall.applications.model import Account, Application, Webhooks
from moothall.db import Connection, metadata
from moothall.kit.ids import new_uuid
from moothall.recordings import store as recordings
from moothall.recordings.model import Recording, RecordingStatus
from moothall.sessions import store as sessions

WEBHOOKS = {
    "room_changed": {"address": "https://example.com/rooms", "http_method": "POST"},
    "session_changed": {"address": "https://example.com/sessions", "http_method": "POST"},
    "recording_changed": {"address": "https://example.com/recordings", "http_method": "POST"},
}
MEETINGS = {"meetings": {"webhooks": WEBHOOKS}}


@dataclass
class Client:
    """An account's client."""

    account: Account
    http: httpx2.AsyncClient

    async def request(self, method: str, path: str = "", **options: Any) -> httpx2.Response:
        credentials = (self.account.account_id, self.account.api_secret)
        return await self.http.request(method, f"/v2/applications{path}", auth=credentials, **options)

    async def create(self, **fields: Any) -> dict[str, Any]:
        response = await self.request("POST", json={"name": "My meetings", **fields})
        assert response.status_code == 201, response.text
        application: dict[str, Any] = response.json()
        return application


@pytest.fixture
async def client(server: RunningServer) -> Client:
    account = await server.server.context.database.read(store.find_first_account)
    assert account is not None
    return Client(account, server.http)


@pytest.fixture
async def stranger(server: RunningServer) -> Client:
    """Another account's client."""
    account = Account("ffffffff", "s" * 43, "t" * 43, server.clock.now())
    await server.server.context.database.write(lambda connection: store.insert_account(connection, account))
    return Client(account, server.http)


async def calls_with(server: RunningServer, application_id: str, private_key: str) -> int:
    """The status of a call of the application with this key."""
    token = mint_token(
        private_key, application_id, jti=new_uuid(), now=server.clock.now(), lifetime=timedelta(minutes=15)
    )
    return (await server.http.get("/v1/meetings/rooms", headers={"authorization": f"Bearer {token}"})).status_code


async def test_an_application_gets_a_key_pair_that_works(client: Client, server: RunningServer):
    response = await client.request("POST", json={"name": "My meetings", "capabilities": MEETINGS})

    created = response.json()
    assert response.status_code == 201
    private_key = created["keys"].pop("private_key")
    assert serialization.load_pem_private_key(private_key.encode(), None).key_size == 2048
    application_id = created["id"]
    assert created == {
        "id": application_id,
        "name": "My meetings",
        "capabilities": MEETINGS,
        "keys": {"public_key": created["keys"]["public_key"]},
        "privacy": {"improve_ai": False},
        "_links": {"self": {"href": f"{ORIGIN}/v2/applications/{application_id}"}},
    }
    assert await calls_with(server, application_id, private_key) == 200
    assert (await client.request("GET", f"/{application_id.upper()}")).json() == created


async def test_an_uploaded_key_is_used_and_no_other_is_made(client: Client, server: RunningServer, keys: KeyPair):
    created = await client.create(keys={"public_key": keys.public})

    assert created["keys"] == {"public_key": keys.public}
    assert await calls_with(server, created["id"], keys.private) == 200


async def test_no_private_key_is_kept(client: Client, server: RunningServer, tmp_path: Path):
    created = await client.create()
    secret_line = created["keys"]["private_key"].splitlines()[5]

    stored = await asyncio.to_thread(_database_files, tmp_path)

    assert created["keys"]["public_key"].splitlines()[1].encode() in stored
    assert secret_line.encode() not in stored


async def test_webhooks_may_be_some_or_none(client: Client):
    some = {"meetings": {"webhooks": {"session_changed": {"address": "http://example.com:8080/x?y=1"}}}}

    created = await client.create(capabilities=some)

    assert created["capabilities"] == {
        "meetings": {
            "webhooks": {"session_changed": {"address": "http://example.com:8080/x?y=1", "http_method": "POST"}}
        }
    }
    for nothing in ({}, {"meetings": {}}, {"meetings": {"webhooks": {}}}, {"meetings": None}, None):
        assert (await client.create(capabilities=nothing))["capabilities"] == {}


@pytest.mark.parametrize(
    ("body", "name", "reason"),
    [
        ({}, "name", "is required"),
        ({"name": ""}, "name", "is not allowed to be empty"),
        ({"name": "   "}, "name", "must have at least one visible character"),
        ({"name": "x" * 201}, "name", "length must be less than or equal to 200 characters long"),
        ({"name": "x", "id": new_uuid()}, "id", "is not allowed"),
        ({"name": "x", "capabilities": {"voice": {}}}, "capabilities.voice", "is not allowed"),
        (
            {"name": "x", "keys": {"public_key": "x"}},
            "public_key",
            "must be an RSA public key of at least 2048 bits in PEM",
        ),
        (
            {"name": "x", "capabilities": {"meetings": {"webhooks": {"room_changed": {}}}}},
            "capabilities.meetings.webhooks.room_changed.address",
            "is required",
        ),
        (
            {"name": "x", "capabilities": {"meetings": {"webhooks": {"room_changed": {"address": "ftp://x"}}}}},
            "capabilities.meetings.webhooks.room_changed.address",
            "must be a valid uri with a scheme matching the http|https pattern",
        ),
        (
            {
                "name": "x",
                "capabilities": {
                    "meetings": {"webhooks": {"room_changed": {"address": "https://x", "http_method": "GET"}}}
                },
            },
            "capabilities.meetings.webhooks.room_changed.http_method",
            "must be one of [post]",
        ),
    ],
)
async def test_an_unusable_application_is_refused_by_name(client: Client, body: Any, name: str, reason: str):
    response = await client.request("POST", json=body)

    problem = response.json()
    assert response.status_code == 400
    assert (problem["type"], problem["title"]) == ("about:blank", "Bad Request")
    assert problem["detail"] == f'"{name}" {reason}'
    assert problem["invalid_parameters"] == [{"name": name, "reason": reason}]
    assert problem["instance"] == response.headers["x-request-id"]


async def test_a_small_or_foreign_key_is_refused(client: Client, keys: KeyPair):
    for pem in (keys.private, SMALL_KEY, ELLIPTIC_KEY):
        response = await client.request("POST", json={"name": "x", "keys": {"public_key": pem}})
        assert response.status_code == 400
        assert keys.private.splitlines()[3] not in response.text


async def test_applications_come_in_pages(client: Client, server: RunningServer, keys: KeyPair, stranger: Client):
    await stranger.create(keys={"public_key": keys.public})
    created = []
    for number in range(5):
        created.append(await client.create(name=f"{number}", keys={"public_key": keys.public}))
        server.clock.advance(seconds=1)

    first = (await client.request("GET", "?page_size=2")).json()
    middle = (await client.request("GET", "?page_size=2&page=2")).json()
    last = (await client.request("GET", "?page_size=2&page=3")).json()

    assert [page["_embedded"]["applications"] for page in (first, middle, last)] == [
        created[:2],
        created[2:4],
        created[4:],
    ]
    numbers = ("page_size", "page", "total_items", "total_pages")
    assert [[page[name] for name in numbers] for page in (first, middle, last)] == [
        [2, 1, 5, 3],
        [2, 2, 5, 3],
        [2, 3, 5, 3],
    ]
    link = f"{ORIGIN}/v2/applications?page={{}}&page_size=2".format
    assert first["_links"] == {
        "self": {"href": link(1)},
        "first": {"href": link(1)},
        "last": {"href": link(3)},
        "next": {"href": link(2)},
    }
    assert set(middle["_links"]) == {"self", "first", "last", "prev", "next"}
    assert set(last["_links"]) == {"self", "first", "last", "prev"}


async def test_an_account_without_applications_has_one_empty_page(client: Client):
    page = (await client.request("GET")).json()

    assert (page["total_items"], page["total_pages"], page["page_size"]) == (0, 1, 10)
    assert page["_embedded"] == {"applications": []}
    assert "next" not in page["_links"]


@pytest.mark.parametrize("query", ["?page=0", "?page=x", "?page_size=0", "?page_size=1001", "?page=99999999999"])
async def test_pages_have_limits(client: Client, query: str):
    response = await client.request("GET", query)

    assert response.status_code == 400
    assert response.json()["invalid_parameters"][0]["name"] == query[1:].partition("=")[0]


async def test_an_update_says_all_that_the_application_is(client: Client, keys: KeyPair):
    created = await client.create(capabilities=MEETINGS, keys={"public_key": keys.public})

    renamed = await client.request("PUT", f"/{created['id']}", json={"name": "New", "capabilities": MEETINGS})
    bare = await client.request("PUT", f"/{created['id']}", json={"name": "New"})

    assert (renamed.status_code, renamed.json()) == (200, {**created, "name": "New"})
    assert bare.json() == {**created, "name": "New", "capabilities": {}}
    assert (await client.request("GET", f"/{created['id']}")).json() == bare.json()


async def test_what_a_client_got_it_can_send_back(client: Client):
    created = await client.create(capabilities=MEETINGS)
    body = {name: value for name, value in created.items() if name != "_links"}

    response = await client.request("PUT", f"/{created['id']}", json=body)

    assert response.status_code == 200
    del created["keys"]["private_key"]
    assert response.json() == created


async def test_another_id_in_the_body_is_refused(client: Client, keys: KeyPair):
    created = await client.create(keys={"public_key": keys.public})

    response = await client.request("PUT", f"/{created['id']}", json={"name": "x", "id": new_uuid()})

    assert response.status_code == 400
    assert response.json()["detail"] == '"id" is not the one in the address'


async def test_a_new_key_counts_at_once(client: Client, server: RunningServer, keys: KeyPair, other_keys: KeyPair):
    created = await client.create(keys={"public_key": keys.public})
    assert await calls_with(server, created["id"], keys.private) == 200

    body = {"name": "x", "keys": {"public_key": other_keys.public}}
    assert (await client.request("PUT", f"/{created['id']}", json=body)).status_code == 200

    assert await calls_with(server, created["id"], keys.private) == 401
    assert await calls_with(server, created["id"], other_keys.private) == 200


async def test_webhooks_are_where_callbacks_go(client: Client, server: RunningServer, keys: KeyPair):
    created = await client.create(capabilities=MEETINGS, keys={"public_key": keys.public})

    stored = await server.server.context.database.read(
        lambda connection: store.find_application(connection, created["id"])
    )

    assert stored is not None
    assert stored.webhooks == Webhooks(*(webhook["address"] for webhook in WEBHOOKS.values()))


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_another_accounts_application_is_not_found(client: Client, stranger: Client, keys: KeyPair, method: str):
    created = await client.create(keys={"public_key": keys.public})
    body = {"name": "x"} if method == "PUT" else None

    response = await stranger.request(method, f"/{created['id']}", json=body)

    assert response.status_code == 404
    problem = response.json()
    assert problem["title"] == "Not Found"
    assert problem["detail"] == f"ID '{created['id']}' does not exist, or you do not have access"
    assert (await client.request("GET", f"/{created['id']}")).json() == created


def basic(text: bytes) -> str:
    return "Basic " + base64.b64encode(text).decode()


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_only_the_right_key_and_secret_are_let_in(client: Client, method: str):
    key, secret = client.account.account_id.encode(), client.account.api_secret.encode()
    wrong = [
        basic(key + b":"),
        basic(key + b":x"),
        basic(key + b":" + secret + b"x"),
        basic(key + b":" + secret[:-1]),
        basic(key + secret),
        basic(b":" + secret),
        basic(b"00000000:" + secret),
        basic(b"00000000:" + b"x" * 43),
        basic(b"\xff\xfe:\xff"),
        basic(b"a\0b:c"),
        basic(b"x" * 5000),
        "Basic",
        "Basic !!!!",
        "Bearer " + basic(key + b":" + secret).partition(" ")[2],
    ]
    for header in wrong:
        response = await client.http.request(method, "/v2/applications", headers={"authorization": header})

        assert response.status_code == 401, header
        assert response.headers["www-authenticate"].startswith("Basic")
        assert response.json()["title"] == "Unauthorized"
        assert response.json()["detail"] == "You did not provide correct credentials"

    right = {"authorization": basic(key + b":" + secret)}
    assert (await client.http.get("/v2/applications", headers=right)).status_code == 200


async def test_without_a_header_the_answer_says_so(server: RunningServer):
    response = await server.http.get("/v2/applications")

    assert response.status_code == 401
    assert response.json()["detail"] == "Auth header is required"
    assert response.headers["www-authenticate"].startswith("Basic")


async def test_a_token_of_an_application_is_no_secret_of_its_account(acme: Tenant):
    assert (await acme.get(f"{ORIGIN}/v2/applications")).status_code == 401


async def test_everything_of_a_deleted_application_goes(
    client: Client, server: RunningServer, acme: Tenant, globex: Tenant, tmp_path: Path
):
    await globex_has_something(globex)
    before = await rows(server)
    room = await acme_has_everything(acme, server)

    response = await client.request("DELETE", f"/{acme.application_id}")

    assert (response.status_code, response.content) == (204, b"")
    assert (await acme.get("/rooms")).status_code == 401
    assert (await client.request("GET", f"/{acme.application_id}")).status_code == 404
    lookup = await server.http.post("/page/lookup", json={"meeting_code": room["meeting_code"]})
    assert lookup.status_code == 404

    async def is_swept() -> bool:
        await server.server.jobs.run_due()
        return await server.engine.participants(room["id"]) == [] and await asyncio.to_thread(_no_files, tmp_path)

    await eventually(is_swept)

    async def is_as_before() -> bool:
        now = await rows(server)
        # Billed entries stay: of a stay and of a recording.
        assert now["ledger_entries"] == before["ledger_entries"] + 2
        kept = {name: now[name] for name in ("ledger_entries", "ledger_days")}
        return now == {**before, **kept, "applications": before["applications"] - 1}

    await eventually(is_as_before)
    assert (await globex.get("/rooms")).json()["total_items"] == 1


async def globex_has_something(globex: Tenant) -> None:
    await globex.create_room()
    await globex.post("/themes", json={"main_color": "#fff", "brand_text": "x"})


async def acme_has_everything(acme: Tenant, server: RunningServer) -> dict[str, Any]:
    """Create rooms, events, themes, logos, uploads, sessions and recordings.

    One room has people inside, one has ended.
    """
    theme = (
        await acme.post("/themes", json={"main_color": "#fff", "brand_text": "x", "short_company_url": "acme"})
    ).json()
    forms = (await acme.get("/themes/logos-upload-urls")).json()
    for form in forms[:2]:
        parts = [(name, (None, value)) for name, value in form["fields"].items()]
        await acme.http.post(form["url"], files=[*parts, ("file", pictures.logo())])
    key = forms[0]["fields"]["key"]
    await acme.request("PUT", f"/themes/{theme['theme_id']}/finalizeLogos", json={"keys": [key]})
    await acme.patch("/applications", json={"update_details": {"default_theme_id": theme["theme_id"]}})
    urls = {"sessions_callback_url": "https://192.0.2.1/"}
    room = await acme.create_room(theme_id=theme["theme_id"], callback_urls=urls)
    await server.engine.join(room["id"], new_uuid())
    await acme.create_room()
    database = server.server.context.database

    def record(connection: Connection) -> Recording:
        (session,) = sessions.list_sessions(connection, room["id"], offset=0, limit=1)
        started = Recording(new_uuid(), acme.application_id, room["id"], session.id, server.clock.now())
        recording = replace(started, status=RecordingStatus.UPLOADED, file=f"{started.id}.webm", size=1)
        recordings.insert_recording(connection, recording)
        return recording

    recording = await database.write(record)
    await asyncio.to_thread(
        _write_recording, server.server.context.settings.data_dir / "recordings" / str(recording.file)
    )
    return room


async def rows(server: RunningServer) -> dict[str, int]:
    """Return the number of rows of each table."""

    def count(connection: Connection) -> dict[str, int]:
        return {
            name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for name, table in metadata.tables.items()
        }

    return await server.server.context.database.read(count)


async def test_deleting_twice_is_not_found(client: Client, keys: KeyPair):
    created = await client.create(keys={"public_key": keys.public})

    assert (await client.request("DELETE", f"/{created['id']}")).status_code == 204
    assert (await client.request("DELETE", f"/{created['id']}")).status_code == 404


async def test_lists_keep_their_order_among_equals(any_database: Any, keys: KeyPair, clock: Any):
    """On both databases."""
    account = Account("abcdef01", "s" * 43, "t" * 43, clock.now())

    def fill(connection: Connection) -> None:
        store.insert_account(connection, account)
        for number in range(7):
            application = Application(
                new_uuid(), account.account_id, f"{number}", keys.public, Webhooks(), None, clock.now()
            )
            store.insert_application(connection, application)

    await any_database.write(fill)

    def read(connection: Connection) -> list[str]:
        pages = [
            store.list_applications(connection, account.account_id, offset=offset, limit=3) for offset in (0, 3, 6)
        ]
        return [application.application_id for page in pages for application in page]

    found = await any_database.read(read)
    assert found == sorted(found)
    assert len(found) == 7


def _database_files(folder: Path) -> bytes:
    return b"".join([path.read_bytes() for path in folder.glob("moothall.db*")])


def _no_files(folder: Path) -> bool:
    return not [path for name in ("logos", "recordings") for path in (folder / name).iterdir()]


def _write_recording(path: Path) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"x")


SMALL_KEY = """-----BEGIN PUBLIC KEY-----
MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDHikastc8+I81zCg/qWW8dMr8m
qvXQ3qbPAmu0RjxoZVI47tvskYlFAXOf0sPrhO2nUuooJngnHV0639iTTEYG1vck
NaW2R6U5QTdQ5Rq5u+uV3pMk7w7Vs4n3urQ6jnqt2rTXbC1DNa/PFeAZatbf7ffB
By0IGO0zc128IshYcwIDAQAB
-----END PUBLIC KEY-----
"""
ELLIPTIC_KEY = """-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEEVs/o5+uQbTjL3chynL4wXgUg2R9
q9UU8I5mEovUf86QZ7kOBIjJwqnzD1omageEHWwHdBO6B+dFabmdT9POxg==
-----END PUBLIC KEY-----
"""


async def test_domains_that_may_embed_rooms_are_listed_and_kept(client: Client) -> None:
    embedding = {"allowed_domains": ["https://Shop.example:443", "https://*.school.example"]}
    made = await client.create(capabilities={"meetings": {"embedding": embedding}})
    path = f"/{made['id']}"
    listed = {"allowed_domains": ["https://*.school.example", "https://shop.example"]}

    kept = await client.request("PUT", path, json={"name": "Renamed"})
    found = await client.request("GET", path)
    emptied = await client.request(
        "PUT", path, json={"name": "Renamed", "capabilities": {"meetings": {"embedding": {"allowed_domains": []}}}}
    )

    assert made["capabilities"]["meetings"] == {"webhooks": {}, "embedding": listed}
    assert kept.json()["capabilities"] == found.json()["capabilities"] == made["capabilities"]
    assert emptied.json()["capabilities"] == {}
    assert (await client.request("DELETE", path)).status_code == 204


@pytest.mark.parametrize(
    "domains", [["*"], ["http://shop.example"], [f"https://{n}.example" for n in range(21)], "x", [1]]
)
async def test_other_domains_are_refused(client: Client, domains: Any) -> None:
    body = {"name": "A", "capabilities": {"meetings": {"embedding": {"allowed_domains": domains}}}}

    response = await client.request("POST", json=body)

    assert response.status_code == 400
    assert response.json()["invalid_parameters"][0]["name"].startswith(
        "capabilities.meetings.embedding.allowed_domains"
    )
