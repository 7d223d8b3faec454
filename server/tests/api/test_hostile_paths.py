"""Names in addresses that can be no name of ours are not found, whatever database is asked."""

import re
from urllib.parse import quote

import pytest
from support.server import RunningServer

from moothall.applications import store
from moothall.applications.keys import KeyPair


@pytest.mark.parametrize("name", ["\0", "a\0b", "x" * 3000, "é" * 300, "%", "'; --", "\N{REPLACEMENT CHARACTER}", "-1"])
async def test_a_hostile_name_is_not_found(any_server: RunningServer, keys: KeyPair, name: str):
    tenant = await any_server.tenant(keys)
    account = await any_server.server.context.database.read(store.find_first_account)
    assert account is not None
    document = (await any_server.http.get("/openapi.json")).json()
    for path, item in document["paths"].items():
        if "{" not in path:
            continue
        url = re.sub(r"\{\w+\}", quote(name, safe=""), path)
        for method, operation in item.items():
            asked = {"json": {"update_details": {"brand_text": "x"}}} if method in ("post", "patch", "put") else {}
            if path.startswith("/v2/"):
                auth = (account.account_id, account.api_secret)
                answer = await any_server.http.request(method, url, auth=auth, **asked)
            else:
                answer = await tenant.request(method, f"https://meet.example{url}", **asked)
            assert str(answer.status_code) in operation["responses"], (method, path, answer.text)
            assert answer.status_code in (400, 403, 404), (method, path, answer.text)


async def test_a_hostile_query_finds_nothing(any_server: RunningServer, keys: KeyPair):
    tenant = await any_server.tenant(keys)

    answer = await tenant.get("/callbacks/deliveries", params={"room_id": "a\0b"})

    assert answer.status_code == 400
