"""Accounts, applications and their keys."""

import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from support.clock import FakeClock

from moothall.api.errors import InputInvalid, NotFound
from moothall.applications import service, store
from moothall.applications.keys import KeyPair, generate_key_pair, parse_public_key, write_private_key
from moothall.applications.model import Webhooks
from moothall.db import Connection, Database


def pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> str:
    public = key.public_key()
    return public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()


async def test_there_is_one_default_account(any_database: Database, clock: FakeClock):
    first = await any_database.write(lambda connection: service.ensure_default_account(connection, clock.now()))
    second = await any_database.write(lambda connection: service.ensure_default_account(connection, clock.now()))

    assert first == second
    assert len(first.account_id) == 8
    assert first.signature_secret not in repr(first)
    assert first.api_secret not in repr(first)


async def test_stored_application_is_the_application(any_database: Database, clock: FakeClock, keys: KeyPair):
    webhooks = Webhooks("https://example.com/rooms", None, "https://example.com/recordings")

    def create(connection: Connection) -> object:
        account = service.ensure_default_account(connection, clock.now())
        return service.create_application(
            connection, account, name=" Acme ", public_key=keys.public, webhooks=webhooks, now=clock.now()
        )

    made = await any_database.write(create)
    found = await any_database.read(lambda connection: store.find_application_by_name(connection, "Acme"))

    assert found == made
    assert found is not None
    assert found.webhooks == webhooks
    credentials = await any_database.read(lambda connection: service.find_credentials(connection, found.application_id))
    assert credentials is not None
    assert credentials.public_key == keys.public


async def test_unknown_application_is_not_found(database: Database):
    with pytest.raises(NotFound):
        await database.read(lambda connection: service.get_application(connection, "nope"))


@pytest.mark.parametrize("name", ["", "  ", "x" * 201, "\u200b", "a\u202eb"])
async def test_unusable_name_is_refused(database: Database, clock: FakeClock, keys: KeyPair, name: str):
    def create(connection: Connection) -> None:
        account = service.ensure_default_account(connection, clock.now())
        service.create_application(connection, account, name=name, public_key=keys.public, now=clock.now())

    with pytest.raises(InputInvalid, match="name"):
        await database.write(create)


async def test_failure_leaves_no_key_behind(database: Database, tmp_path: Path, clock: FakeClock):
    with pytest.raises(InputInvalid):
        await service.create_application_with_key(database, "", None, tmp_path / "keys", clock.now())

    assert list((tmp_path / "keys").iterdir()) == []


def test_generated_keys_fit_together():
    made = generate_key_pair()

    private = serialization.load_pem_private_key(made.private.encode(), None)

    assert isinstance(private, rsa.RSAPrivateKey)
    assert private.key_size == 2048
    assert pem(private) == made.public == parse_public_key(made.public)
    assert made.private not in repr(made)


def test_only_rsa_public_keys_of_2048_bits_are_taken(keys: KeyPair):
    small = pem(rsa.generate_private_key(65537, 1024))  # noqa: S505 - that is the point
    elliptic = pem(ec.generate_private_key(ec.SECP256R1()))

    for refused in (small, elliptic, keys.private, "", "hello", keys.public[:-40], "\x00" * 100):
        with pytest.raises(InputInvalid, match="public_key"):
            parse_public_key(refused)


def test_private_key_file_is_its_owners_alone(tmp_path: Path, keys: KeyPair):
    path = tmp_path / "keys" / "key.pem"

    write_private_key(path, keys.private)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(FileExistsError):
        write_private_key(path, "other")
    assert path.read_text() == keys.private
