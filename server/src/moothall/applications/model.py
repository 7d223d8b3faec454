"""Accounts and applications."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

MAX_NAME_LENGTH = 200
MAX_ORIGINS = 20
MAX_DOMAINS = 20
# For this long after a rotation, callbacks are signed with the old secret as well.
SIGNATURE_OVERLAP = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Account:
    """An owner of applications. ``account_id`` is its API key: 8 hexadecimal digits.

    Both secrets are shown to the operator only.
    """

    account_id: str
    api_secret: str = field(repr=False)
    signature_secret: str = field(repr=False)
    created_at: datetime
    previous_signature_secret: str | None = field(default=None, repr=False)
    signature_rotated_at: datetime | None = None

    def previous_signs_until(self, now: datetime) -> datetime | None:
        """Return when the previous signature secret stops signing; None when it signs no more."""
        if self.previous_signature_secret is None or self.signature_rotated_at is None:
            return None
        until = self.signature_rotated_at + SIGNATURE_OVERLAP
        return until if now < until else None

    def signature_secrets(self, now: datetime) -> tuple[str, ...]:
        """Return the secrets that callbacks are signed with, newest first."""
        if self.previous_signature_secret is None or self.previous_signs_until(now) is None:
            return (self.signature_secret,)
        return (self.signature_secret, self.previous_signature_secret)


@dataclass(frozen=True, slots=True)
class Webhooks:
    """Callback URLs for rooms without their own; None sends none."""

    rooms_url: str | None = None
    sessions_url: str | None = None
    recordings_url: str | None = None


@dataclass(frozen=True, slots=True)
class Application:
    """The owner of all objects of the API. ``public_key`` is PEM; the private key is never stored.

    ``allowed_origins``: origins whose pages may read its answers (CORS), in alphabetical order.
    ``allowed_domains``: domains whose pages may show its rooms in a frame, in alphabetical order.
    """

    application_id: str
    account_id: str
    name: str
    public_key: str
    webhooks: Webhooks
    default_theme_id: str | None
    created_at: datetime
    allowed_origins: tuple[str, ...] = ()
    allowed_domains: tuple[str, ...] = ()
