"""A theme as the API shows it: every key is present, null if unset."""

from typing import Any

from moothall.themes.model import LOGO_FIELDS, Theme, logo_key, logo_url

# The original API served several products; this was the name of the Meetings product.
_DOMAIN = "VCP"


def render_theme(theme: Theme, *, account_id: str, base_url: str) -> dict[str, Any]:
    images = {name: getattr(theme, name) for name in LOGO_FIELDS.values()}
    return {
        "theme_id": theme.theme_id,
        "theme_name": theme.theme_name,
        "domain": _DOMAIN,
        "account_id": account_id,
        "application_id": theme.application_id,
        "main_color": theme.main_color,
        "short_company_url": theme.short_company_url,
        "brand_text": theme.brand_text,
        **{name: None if logo_id is None else logo_key(logo_id) for name, logo_id in images.items()},
        **{f"{name}_url": None if logo_id is None else logo_url(base_url, logo_id) for name, logo_id in images.items()},
    }
