"""Use cases of accounts and applications. Each runs in the transaction of the connection it is given."""

import secrets
from datetime import datetime

from sqlalchemy import Connection

from moothall.api.authentication import Credentials
from moothall.api.errors import InputInvalid
from moothall.applications import store
from moothall.applications.keys import parse_public_key
from moothall.applications.model import Account, Application, Webhooks
from moothall.kit.ids import new_secret, new_uuid

MAX_NAME_LENGTH = 200


def ensure_default_account(connection: Connection, now: datetime) -> Account:
    """The account every installation has, made on the first start."""
    account = store.find_first_account(connection)
    if account is None:
        account = Account(secrets.token_hex(4), new_secret(), new_secret(), now)
        store.insert_account(connection, account)
    return account


def create_application(
    connection: Connection,
    account: Account,
    *,
    name: str,
    public_key: str,
    now: datetime,
    webhooks: Webhooks | None = None,
) -> Application:
    """Raises InputInvalid for an unusable name or key."""
    if not 0 < len(name.strip()) <= MAX_NAME_LENGTH or not name.isprintable():
        text = f'"name" must have between 1 and {MAX_NAME_LENGTH} printable characters'
        raise InputInvalid(text, errors=[text])
    application = Application(
        application_id=new_uuid(),
        account_id=account.account_id,
        name=name.strip(),
        public_key=parse_public_key(public_key),
        webhooks=webhooks or Webhooks(),
        default_theme_id=None,
        created_at=now,
    )
    store.insert_application(connection, application)
    return application


def find_credentials(connection: Connection, application_id: str) -> Credentials | None:
    """What authentication needs to believe this application."""
    application = store.find_application(connection, application_id)
    if application is None:
        return None
    return Credentials(application.application_id, application.account_id, application.public_key)
