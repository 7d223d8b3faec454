"""``/v2/account`` as a client sees it, on both databases."""

from datetime import timedelta

import httpx2
import pytest
from support.server import RunningServer

from moothall.applications import store
from moothall.applications.model import Account

ROTATE = "/v2/account/signature_secret/rotate"


@pytest.fixture
async def account(any_server: RunningServer) -> Account:
    found = await any_server.server.context.database.read(store.find_first_account)
    assert found is not None
    return found


async def call(server: RunningServer, account: Account, method: str, path: str, **headers: str) -> httpx2.Response:
    auth = (account.account_id, account.api_secret)
    return await server.http.request(method, path, auth=auth, headers=headers)


async def stored(server: RunningServer, account: Account) -> Account:
    found = await server.server.context.database.read(
        lambda connection: store.find_account(connection, account.account_id)
    )
    assert found is not None
    return found


async def test_the_account_is_shown_without_its_secrets(any_server: RunningServer, account: Account):
    answer = await call(any_server, account, "GET", "/v2/account")

    assert answer.status_code == 200
    assert set(answer.json()) == {"account_id", "created_at", "previous_signs_until"}
    assert answer.json()["account_id"] == account.account_id
    assert answer.json()["previous_signs_until"] is None
    assert account.api_secret not in answer.text
    assert account.signature_secret not in answer.text


async def test_a_rotated_secret_signs_beside_the_previous_one_for_a_day(any_server: RunningServer, account: Account):
    rotated = await call(any_server, account, "POST", ROTATE)

    assert rotated.status_code == 200
    assert rotated.headers["cache-control"] == "no-store"
    secret = rotated.json()["signature_secret"]
    found = await stored(any_server, account)
    assert secret != account.signature_secret
    assert found.signature_secrets(any_server.clock.now()) == (secret, account.signature_secret)
    shown = (await call(any_server, account, "GET", "/v2/account")).json()
    assert shown["previous_signs_until"] == rotated.json()["previous_signs_until"] is not None

    any_server.clock.advance(hours=24)

    assert found.signature_secrets(any_server.clock.now()) == (secret,)
    assert found.signature_secrets(any_server.clock.now() - timedelta(milliseconds=1)) == (
        secret,
        account.signature_secret,
    )
    assert (await call(any_server, account, "GET", "/v2/account")).json()["previous_signs_until"] is None


async def test_a_second_rotation_within_the_day_is_refused_and_changes_nothing(
    any_server: RunningServer, account: Account
):
    first = (await call(any_server, account, "POST", ROTATE)).json()

    second = await call(any_server, account, "POST", ROTATE)

    assert second.status_code == 409
    assert "24 hours" in second.json()["detail"]
    assert (await stored(any_server, account)).signature_secret == first["signature_secret"]


async def test_a_lost_answer_comes_again_with_its_key(any_server: RunningServer, account: Account):
    key = {"Idempotency-Key": '"8e03978e-40d5-43e8-bc93-6894a57f9324"'}
    first = await call(any_server, account, "POST", ROTATE, **key)

    again = await call(any_server, account, "POST", ROTATE, **key)

    assert first.status_code == again.status_code == 200
    assert again.json() == first.json()
    assert again.headers["idempotent-replayed"] == "true"


async def test_only_the_calling_account_gets_another_secret(any_server: RunningServer, account: Account):
    other = Account("ffffffff", "s" * 43, "t" * 43, any_server.clock.now())
    await any_server.server.context.database.write(lambda connection: store.insert_account(connection, other))

    answer = await call(any_server, other, "POST", ROTATE)

    assert answer.json()["account_id"] == other.account_id
    assert (await stored(any_server, account)).signature_secret == account.signature_secret
    assert (await stored(any_server, other)).signature_secret == answer.json()["signature_secret"]
