"""Accounts and applications in the database."""

from sqlalchemy import (
    Column,
    Connection,
    ForeignKey,
    Row,
    String,
    Table,
    Text,
    bindparam,
    delete,
    func,
    insert,
    select,
    update,
)

from moothall.applications.model import Account, Application, Webhooks
from moothall.db import Timestamp, metadata
from moothall.kit.origins import MAX_ORIGIN_LENGTH

accounts = Table(
    "accounts",
    metadata,
    Column("account_id", String(8), primary_key=True),
    Column("api_secret", String(64), nullable=False),
    Column("signature_secret", String(64), nullable=False),
    Column("created_at", Timestamp, nullable=False),
    Column("previous_signature_secret", String(64)),
    Column("signature_rotated_at", Timestamp),
)

applications = Table(
    "applications",
    metadata,
    Column("application_id", String(36), primary_key=True),
    Column("account_id", String(8), ForeignKey("accounts.account_id"), nullable=False, index=True),
    Column("name", String(200), nullable=False),
    Column("public_key", Text, nullable=False),
    Column("rooms_url", Text),
    Column("sessions_url", Text),
    Column("recordings_url", Text),
    Column("default_theme_id", String(36)),
    Column("created_at", Timestamp, nullable=False),
)

application_origins = Table(
    "application_origins",
    metadata,
    Column("application_id", String(36), ForeignKey("applications.application_id"), primary_key=True),
    Column("origin", String(MAX_ORIGIN_LENGTH), primary_key=True, index=True),
)

application_domains = Table(
    "application_domains",
    metadata,
    Column("application_id", String(36), ForeignKey("applications.application_id"), primary_key=True),
    Column("domain", String(MAX_ORIGIN_LENGTH), primary_key=True),
)

_APPLICATION = select(applications).where(applications.c.application_id == bindparam("application_id"))
# Rows that refer to the application can still be written: their check takes FOR KEY SHARE only.
_TURN = (
    select(applications.c.application_id)
    .where(applications.c.application_id == bindparam("application_id"))
    .with_for_update(key_share=True)
)
_ACCOUNT = select(accounts).where(accounts.c.account_id == bindparam("account_id"))
_ORIGINS = (
    select(application_origins.c.origin)
    .where(application_origins.c.application_id == bindparam("application_id"))
    .order_by(application_origins.c.origin)
)
_DOMAINS = (
    select(application_domains.c.domain)
    .where(application_domains.c.application_id == bindparam("application_id"))
    .order_by(application_domains.c.domain)
)
_LISTED = select(application_origins.c.origin).where(application_origins.c.origin == bindparam("origin")).limit(1)
_FIRST_ACCOUNT = select(accounts).order_by(accounts.c.created_at, accounts.c.account_id).limit(1)


def insert_account(connection: Connection, account: Account) -> None:
    connection.execute(
        insert(accounts).values(
            account_id=account.account_id,
            api_secret=account.api_secret,
            signature_secret=account.signature_secret,
            created_at=account.created_at,
        )
    )


def save_signature_secrets(connection: Connection, account: Account) -> None:
    """Write the secrets of a stored account."""
    connection.execute(
        update(accounts)
        .where(accounts.c.account_id == account.account_id)
        .values(
            signature_secret=account.signature_secret,
            previous_signature_secret=account.previous_signature_secret,
            signature_rotated_at=account.signature_rotated_at,
        )
    )


def find_account(connection: Connection, account_id: str) -> Account | None:
    row = connection.execute(_ACCOUNT, {"account_id": account_id}).one_or_none()
    return None if row is None else _account(row)


def lock_account(connection: Connection, account_id: str) -> Account | None:
    """Return the account for changing it, locked until the transaction ends."""
    row = connection.execute(_ACCOUNT.with_for_update(), {"account_id": account_id}).one_or_none()
    return None if row is None else _account(row)


def find_first_account(connection: Connection) -> Account | None:
    row = connection.execute(_FIRST_ACCOUNT).one_or_none()
    return None if row is None else _account(row)


def insert_application(connection: Connection, application: Application) -> None:
    connection.execute(
        insert(applications).values(
            application_id=application.application_id,
            account_id=application.account_id,
            name=application.name,
            public_key=application.public_key,
            rooms_url=application.webhooks.rooms_url,
            sessions_url=application.webhooks.sessions_url,
            recordings_url=application.webhooks.recordings_url,
            default_theme_id=application.default_theme_id,
            created_at=application.created_at,
        )
    )
    _insert_origins(connection, application)
    _insert_domains(connection, application)


def save_application(connection: Connection, application: Application) -> None:
    """Write the mutable columns of a stored application."""
    connection.execute(
        update(applications)
        .where(applications.c.application_id == application.application_id)
        .values(
            name=application.name,
            public_key=application.public_key,
            rooms_url=application.webhooks.rooms_url,
            sessions_url=application.webhooks.sessions_url,
            recordings_url=application.webhooks.recordings_url,
            default_theme_id=application.default_theme_id,
        )
    )


def save_origins(connection: Connection, application: Application) -> None:
    """Write the allowed origins of a stored application."""
    _delete_origins(connection, application.application_id)
    _insert_origins(connection, application)


def save_domains(connection: Connection, application: Application) -> None:
    """Write the allowed domains of a stored application."""
    _delete_domains(connection, application.application_id)
    _insert_domains(connection, application)


def find_domains(connection: Connection, application_id: str) -> tuple[str, ...]:
    """Return the domains whose pages may show the application's rooms, in alphabetical order."""
    return tuple(connection.execute(_DOMAINS, {"application_id": application_id}).scalars())


def is_origin_listed(connection: Connection, origin: str) -> bool:
    """Return whether any application allows this origin."""
    return connection.execute(_LISTED, {"origin": origin}).one_or_none() is not None


def delete_application(connection: Connection, application_id: str) -> None:
    """Delete the application. Everything that belongs to it must be deleted before."""
    _delete_origins(connection, application_id)
    _delete_domains(connection, application_id)
    connection.execute(delete(applications).where(applications.c.application_id == application_id))


def list_applications(connection: Connection, account_id: str, *, offset: int, limit: int) -> list[Application]:
    """Return the account's applications in order of creation."""
    statement = (
        select(applications)
        .where(applications.c.account_id == account_id)
        .order_by(applications.c.created_at, applications.c.application_id)
    )
    rows = connection.execute(statement.offset(offset).limit(limit)).all()
    return [_application(connection, row) for row in rows]


def count_applications(connection: Connection, account_id: str) -> int:
    statement = select(func.count()).select_from(applications).where(applications.c.account_id == account_id)
    return connection.execute(statement).scalar_one()


def find_application(connection: Connection, application_id: str) -> Application | None:
    row = connection.execute(_APPLICATION, {"application_id": application_id}).one_or_none()
    return None if row is None else _application(connection, row)


def take_turn(connection: Connection, application_id: str) -> None:
    """Serialise transactions that check a limit on how many objects the application may have.

    Others that call this for the same application wait until this transaction ends. SQLite has a
    single writer anyway.
    """
    if connection.dialect.name != "sqlite":
        connection.execute(_TURN, {"application_id": application_id})


def lock_application(connection: Connection, application_id: str) -> Application | None:
    """Return the application for changing it, locked until the transaction ends."""
    row = connection.execute(_APPLICATION.with_for_update(), {"application_id": application_id}).one_or_none()
    return None if row is None else _application(connection, row)


def find_application_by_name(connection: Connection, name: str) -> Application | None:
    """Return the oldest application of this name."""
    statement = select(applications).where(applications.c.name == name).order_by(applications.c.created_at).limit(1)
    row = connection.execute(statement).one_or_none()
    return None if row is None else _application(connection, row)


def _account(row: Row[tuple[object, ...]]) -> Account:
    return Account(
        account_id=row.account_id,
        api_secret=row.api_secret,
        signature_secret=row.signature_secret,
        created_at=row.created_at,
        previous_signature_secret=row.previous_signature_secret,
        signature_rotated_at=row.signature_rotated_at,
    )


def _insert_origins(connection: Connection, application: Application) -> None:
    for origin in application.allowed_origins:
        values = {"application_id": application.application_id, "origin": origin}
        connection.execute(insert(application_origins).values(values))


def _delete_origins(connection: Connection, application_id: str) -> None:
    connection.execute(delete(application_origins).where(application_origins.c.application_id == application_id))


def _insert_domains(connection: Connection, application: Application) -> None:
    for domain in application.allowed_domains:
        values = {"application_id": application.application_id, "domain": domain}
        connection.execute(insert(application_domains).values(values))


def _delete_domains(connection: Connection, application_id: str) -> None:
    connection.execute(delete(application_domains).where(application_domains.c.application_id == application_id))


def _application(connection: Connection, row: Row[tuple[object, ...]]) -> Application:
    origins = connection.execute(_ORIGINS, {"application_id": row.application_id}).scalars()
    return Application(
        application_id=row.application_id,
        account_id=row.account_id,
        name=row.name,
        public_key=row.public_key,
        webhooks=Webhooks(row.rooms_url, row.sessions_url, row.recordings_url),
        default_theme_id=row.default_theme_id,
        created_at=row.created_at,
        allowed_origins=tuple(origins),
        allowed_domains=find_domains(connection, row.application_id),
    )
