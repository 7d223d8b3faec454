"""Use cases of accounts and applications. Each runs in the transaction of its connection."""

import asyncio
import secrets
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from moothall.api.authentication import Credentials
from moothall.api.cors import parse_origin
from moothall.api.errors import Conflict, InputInvalid, NotFound, shown
from moothall.applications import store
from moothall.applications.domains import parse_domain
from moothall.applications.keys import generate_key_pair, parse_public_key, write_private_key
from moothall.applications.model import MAX_DOMAINS, MAX_NAME_LENGTH, MAX_ORIGINS, Account, Application, Webhooks
from moothall.db import Connection, Database
from moothall.kit.ids import new_secret, new_uuid
from moothall.kit.names import NameRefused, clean_name


def ensure_default_account(connection: Connection, now: datetime) -> Account:
    """The account of every installation, created at the first start."""
    account = store.find_first_account(connection)
    if account is None:
        account = Account(secrets.token_hex(4), new_secret(), new_secret(), now)
        store.insert_account(connection, account)
    return account


def rotate_signature_secret(connection: Connection, account_id: str, now: datetime) -> Account:
    """Give the account a new signature secret.

    For ``SIGNATURE_OVERLAP``, callbacks are signed with the old one as well.

    Raises Conflict while an earlier rotation still overlaps: its old secret would be dropped too
    early. Raises NotFound.
    """
    account = store.lock_account(connection, account_id)
    if account is None:
        raise NotFound(f"could not find account {shown(account_id)}")
    if len(account.signature_secrets(now)) > 1:
        raise Conflict(
            "The signature secret was rotated less than 24 hours ago: receivers may still need the previous one"
        )
    rotated = replace(
        account,
        signature_secret=new_secret(),
        previous_signature_secret=account.signature_secret,
        signature_rotated_at=now,
    )
    store.save_signature_secrets(connection, rotated)
    return rotated


def create_application(
    connection: Connection,
    account: Account,
    *,
    name: str,
    public_key: str,
    now: datetime,
    webhooks: Webhooks | None = None,
    allowed_origins: Sequence[str] = (),
    allowed_domains: Sequence[str] = (),
    application_id: str | None = None,
) -> Application:
    """Create an application; ``application_id`` is for callers that need to choose the id.

    Raises InputInvalid for an unusable name or key.
    """
    application = Application(
        application_id=application_id or new_uuid(),
        account_id=account.account_id,
        name=_usable_name(name),
        public_key=parse_public_key(public_key),
        webhooks=webhooks or Webhooks(),
        default_theme_id=None,
        created_at=now,
        allowed_origins=tuple(sorted(set(allowed_origins))),
        allowed_domains=tuple(sorted(set(allowed_domains))),
    )
    store.insert_application(connection, application)
    return application


def get_application(connection: Connection, application_id: str) -> Application:
    """Raises NotFound."""
    return _found(store.find_application(connection, application_id.lower()), application_id)


def get_application_of(connection: Connection, account: Account, application_id: str) -> Application:
    """Raises NotFound, also for another account's application."""
    application = store.find_application(connection, _id(application_id))
    return _owned(application, account, application_id)


def lock_application_of(connection: Connection, account: Account, application_id: str) -> Application:
    """Return the application, locked until the transaction ends.

    Raises as ``get_application_of``.
    """
    application = store.lock_application(connection, _id(application_id))
    return _owned(application, account, application_id)


def update_application(
    connection: Connection,
    account: Account,
    application_id: str,
    *,
    given_id: str | None,
    name: str,
    public_key: str | None,
    webhooks: Webhooks,
    allowed_origins: Sequence[str] | None,
    allowed_domains: Sequence[str] | None = None,
) -> Application:
    """Replace an application; key, origins and domains only if given.

    ``given_id``: the id in the body.

    Raises NotFound, InputInvalid.
    """
    application = lock_application_of(connection, account, application_id)
    if given_id is not None and given_id != application.application_id:
        text = '"id" is not the one in the address'
        raise InputInvalid(text, errors=[text])
    changed = replace(
        application,
        name=_usable_name(name),
        public_key=application.public_key if public_key is None else parse_public_key(public_key),
        webhooks=webhooks,
    )
    store.save_application(connection, changed)
    if allowed_origins is not None:
        changed = _allow_origins(connection, changed, allowed_origins)
    return changed if allowed_domains is None else _allow_domains(connection, changed, allowed_domains)


def allow_origins(connection: Connection, application_id: str, origins: Sequence[str]) -> Application:
    """Replace the origins whose pages may read the application's answers.

    Raises NotFound, InputInvalid.
    """
    application = _lock(connection, application_id)
    if len(origins) > MAX_ORIGINS:
        raise InputInvalid(f"an application can have at most {MAX_ORIGINS} origins")
    try:
        return _allow_origins(connection, application, [parse_origin(origin) for origin in origins])
    except ValueError as error:
        raise InputInvalid(f"an origin {error}") from None


def allow_domains(connection: Connection, application_id: str, domains: Sequence[str]) -> Application:
    """Replace the domains whose pages may show the application's rooms in a frame.

    Raises NotFound, InputInvalid.
    """
    application = _lock(connection, application_id)
    if len(domains) > MAX_DOMAINS:
        raise InputInvalid(f"an application can have at most {MAX_DOMAINS} domains")
    try:
        return _allow_domains(connection, application, [parse_domain(domain) for domain in domains])
    except ValueError as error:
        raise InputInvalid(f"a domain {error}") from None


def _lock(connection: Connection, application_id: str) -> Application:
    return _found(store.lock_application(connection, application_id.lower()), application_id)


def _found(application: Application | None, application_id: str) -> Application:
    if application is None:
        raise NotFound(f"could not find application {shown(application_id)}")
    return application


def find_credentials(connection: Connection, application_id: str) -> Credentials | None:
    """Return the credentials for authenticating this application."""
    application = store.find_application(connection, application_id)
    if application is None:
        return None
    return Credentials(
        application.application_id,
        application.account_id,
        application.public_key,
        frozenset(application.allowed_origins),
    )


async def create_application_with_key(
    database: Database, name: str, key_file: Path | None, folder: Path, now: datetime
) -> tuple[Application, Path]:
    """Create an application of the default account and write its private key to a file.

    The file is ``key_file`` or ``folder/{application_id}.pem``. It is written before the
    application is stored, so that no application exists without its key. Raises FileExistsError
    when the file exists, InputInvalid for an unusable name.
    """
    keys = await asyncio.to_thread(generate_key_pair)
    application_id = new_uuid()
    path = key_file or folder / f"{application_id}.pem"
    write_private_key(path, keys.private)

    def transaction(connection: Connection) -> Application:
        account = ensure_default_account(connection, now)
        return create_application(
            connection, account, name=name, public_key=keys.public, now=now, application_id=application_id
        )

    try:
        return await database.write(transaction), path
    except BaseException:
        path.unlink()
        raise


def _allow_origins(connection: Connection, application: Application, origins: Sequence[str]) -> Application:
    changed = replace(application, allowed_origins=tuple(sorted(set(origins))))
    store.save_origins(connection, changed)
    return changed


def _allow_domains(connection: Connection, application: Application, domains: Sequence[str]) -> Application:
    changed = replace(application, allowed_domains=tuple(sorted(set(domains))))
    store.save_domains(connection, changed)
    return changed


def _usable_name(name: str) -> str:
    """Return the name as displayed. Raises InputInvalid."""
    try:
        return clean_name(name, longest=MAX_NAME_LENGTH)
    except NameRefused as refused:
        text = f'"name" {refused}'
        raise InputInvalid(text, errors=[text]) from None


def _id(text: str) -> str:
    """Return the id for a query, NUL replaced: PostgreSQL cannot take it, and no id has U+FFFD."""
    return text.lower().replace("\0", "\N{REPLACEMENT CHARACTER}")


def _owned(application: Application | None, account: Account, application_id: str) -> Application:
    if application is None or application.account_id != account.account_id:
        raise NotFound(f"ID '{shown(application_id)}' does not exist, or you do not have access")
    return application
