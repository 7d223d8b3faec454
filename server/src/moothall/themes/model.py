"""Themes."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

MAX_THEMES = 1000
MAX_THEME_NAME = 200
MAX_BRAND_TEXT = 200
MAX_BACKGROUNDS = 6
# A limit for all themes together, about 300 MB of pictures.
MAX_BACKGROUNDS_OF_APPLICATION = 600
MAX_SHORT_COMPANY_URL = 128
COLOR_PATTERN = r"^#([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$"
SHORT_COMPANY_URL_PATTERN = r"^(?=.*[a-zA-Z_~-])([a-zA-Z0-9_~-]+)$"

# First segments of this server's own paths, which no company can use in links.
RESERVED_SHORT_URLS = frozenset(
    {"assets", "beta", "docs", "embed", "files", "meetings", "page", "rtc", "twirp", "v1", "v2"}
)

LOGO_PATH = "/files/logos"
BACKGROUND_PATH = "/files/backgrounds"


class LogoType(StrEnum):
    WHITE = "white"
    COLORED = "colored"
    FAVICON = "favicon"


# The table column and the API key for each type.
LOGO_FIELDS = {
    LogoType.COLORED: "brand_image_colored",
    LogoType.WHITE: "brand_image_white",
    LogoType.FAVICON: "branded_favicon",
}


@dataclass(frozen=True, slots=True)
class Theme:
    """A theme as stored. The three images are logo ids: UUIDs of the re-encoded files."""

    theme_id: str
    application_id: str
    theme_name: str
    main_color: str
    brand_text: str
    short_company_url: str | None
    created_at: datetime
    brand_image_colored: str | None = None
    brand_image_white: str | None = None
    branded_favicon: str | None = None

    def logo_ids(self) -> list[str]:
        return [logo_id for logo_id in (getattr(self, name) for name in LOGO_FIELDS.values()) if logo_id is not None]


@dataclass(frozen=True, slots=True)
class ThemeBackground:
    """A picture that a theme offers as a background. ``background_id`` names its file."""

    background_id: str
    theme_id: str
    added_at: datetime


@dataclass(frozen=True, slots=True)
class LogoUpload:
    """An uploaded image that is not part of a theme yet."""

    upload_id: str
    application_id: str
    logo_type: LogoType
    uploaded_at: datetime


def logo_key(logo_id: str) -> str:
    """Return the storage key of a logo, as the API shows it."""
    return f"logos/{logo_id}.png"


def logo_url(base_url: str, logo_id: str) -> str:
    """Return the public URL of the logo. Its image never changes: a new one gets a new id."""
    return f"{base_url}{LOGO_PATH}/{logo_id}.png"


def background_url(base_url: str, background_id: str) -> str:
    """Return the public URL of a background picture, which never changes."""
    return f"{base_url}{BACKGROUND_PATH}/{background_id}.jpg"
