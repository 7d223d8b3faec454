"""What an account and an application are."""

from dataclasses import dataclass, field
from datetime import datetime

MAX_NAME_LENGTH = 200


@dataclass(frozen=True, slots=True)
class Account:
    """Who owns applications. ``account_id`` is its API key: 8 hexadecimal digits. Both secrets are shown to the operator only."""

    account_id: str
    api_secret: str = field(repr=False)
    signature_secret: str = field(repr=False)
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Webhooks:
    """Where callbacks go when a room has no URL of its own; None: nowhere."""

    rooms_url: str | None = None
    sessions_url: str | None = None
    recordings_url: str | None = None


@dataclass(frozen=True, slots=True)
class Application:
    """Everything in the API belongs to one. ``public_key`` is PEM; the private key is never stored."""

    application_id: str
    account_id: str
    name: str
    public_key: str
    webhooks: Webhooks
    default_theme_id: str | None
    created_at: datetime
