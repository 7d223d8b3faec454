"""Use cases of themes. Each runs in the transaction of the connection it is given."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from moothall.api.errors import BadRequest, Conflict, Forbidden, NotFound, shown
from moothall.applications import store as applications
from moothall.applications.model import Application
from moothall.db import Connection
from moothall.jobs import store as jobs
from moothall.kit.ids import new_uuid
from moothall.themes import store
from moothall.themes.model import (
    MAX_BACKGROUNDS,
    MAX_BACKGROUNDS_OF_APPLICATION,
    MAX_THEMES,
    RESERVED_SHORT_URLS,
    LogoUpload,
    Theme,
    ThemeBackground,
)

UPLOAD_SWEEP_JOB = "logo_upload_sweep"
LOGO_SWEEP_JOB = "logo_sweep"
BACKGROUND_SWEEP_JOB = "theme_background_sweep"
# Longer than an upload form is valid, so that no upload is deleted while it can be repeated.
UPLOAD_LIFETIME = timedelta(hours=1)
MAX_UPLOADS = 100


def create_theme(connection: Connection, application_id: str, details: Mapping[str, Any], now: datetime) -> Theme:
    """Create a theme.

    ``details``: main_color, brand_text and, if given, theme_name and short_company_url. Raises
    Forbidden (too many themes), Conflict.
    """
    applications.take_turn(connection, application_id)
    if store.count_themes(connection, application_id) >= MAX_THEMES:
        raise Forbidden(f"Maximum number of themes for owner ({MAX_THEMES}) exceeded")
    theme = Theme(
        theme_id=new_uuid(),
        application_id=application_id,
        theme_name=details.get("theme_name") or new_uuid(),
        main_color=details["main_color"],
        brand_text=details["brand_text"],
        short_company_url=details.get("short_company_url"),
        created_at=now,
    )
    _write(store.insert_theme, connection, theme)
    return theme


def get_theme(connection: Connection, application_id: str, theme_id: str) -> Theme:
    """Return a theme. Raises NotFound, also for another application's theme."""
    return _found(store.find_theme(connection, application_id, theme_id.lower()), theme_id)


def lock_theme(connection: Connection, application_id: str, theme_id: str) -> Theme:
    """Return the theme, locked until the transaction ends. Raises as ``get_theme``."""
    return _found(store.lock_theme(connection, application_id, theme_id.lower()), theme_id)


def update_theme(
    connection: Connection,
    application_id: str,
    theme_id: str,
    changes: Mapping[str, Any],
    *,
    check: Callable[[Theme], None] = lambda _: None,
) -> Theme:
    """Update a theme; ``changes`` as the details of ``create_theme``.

    ``check`` gets the theme before the change and may raise to prevent it.

    Raises NotFound, Conflict.
    """
    theme = lock_theme(connection, application_id, theme_id)
    check(theme)
    changed = replace(theme, **changes)
    if changed.theme_name is None:
        changed = replace(changed, theme_name=new_uuid())
    _write(store.save_theme, connection, changed)
    return changed


def remove_theme(connection: Connection, theme: Theme, now: datetime) -> None:
    """Delete the theme and, soon after, its images. It must no longer have rooms."""
    _remove_backgrounds(connection, theme.theme_id, now)
    store.delete_theme(connection, theme.theme_id)
    application = applications.lock_application(connection, theme.application_id)
    if application is not None and application.default_theme_id == theme.theme_id:
        applications.save_application(connection, replace(application, default_theme_id=None))
    sweep_logos(connection, theme.logo_ids(), now)


def get_application(connection: Connection, application_id: str) -> Application:
    """Return the application with its default theme. Raises NotFound."""
    application = applications.find_application(connection, application_id)
    if application is None:
        raise NotFound(f"could not find application {application_id}")
    return application


def set_default_theme(connection: Connection, application_id: str, theme_id: str | None) -> Application:
    """Set the theme of rooms without their own. Raises BadRequest for an unknown theme."""
    # Lock the theme before the application, as deletion does, so that no deleted theme becomes the
    # default.
    if theme_id is not None and store.lock_theme(connection, application_id, theme_id) is None:
        raise BadRequest(f"Failed to update application because theme id {theme_id} not found")
    application = applications.lock_application(connection, application_id)
    if application is None:
        raise NotFound(f"could not find application {application_id}")
    changed = replace(application, default_theme_id=theme_id)
    applications.save_application(connection, changed)
    return changed


def register_upload(connection: Connection, upload: LogoUpload) -> bool:
    """Register an upload before it is stored; it is deleted unless finalised in time.

    Returns False when too many of the application's uploads are waiting.
    """
    store.delete_upload(connection, upload.upload_id)
    if store.count_uploads(connection, upload.application_id) >= MAX_UPLOADS:
        return False
    store.insert_upload(connection, upload)
    jobs.schedule(connection, kind=UPLOAD_SWEEP_JOB, key=upload.upload_id, run_at=upload.uploaded_at + UPLOAD_LIFETIME)
    return True


def sweep_logos(connection: Connection, logo_ids: list[str], at: datetime) -> None:
    """Schedule the deletion of those images that no theme uses by then."""
    for logo_id in logo_ids:
        jobs.schedule(connection, kind=LOGO_SWEEP_JOB, key=logo_id, run_at=at)


def attach_logos(
    connection: Connection,
    application_id: str,
    theme_id: str,
    *,
    logos: Mapping[str, str],
    uploads: list[LogoUpload],
    now: datetime,
) -> Theme:
    """Set the images of the theme, and schedule the deletion of the old ones and of the uploads.

    ``logos``: field of the theme → logo id. Raises NotFound.
    """
    theme = lock_theme(connection, application_id, theme_id)
    images: dict[str, Any] = dict(logos)
    changed = replace(theme, **images)
    store.save_theme(connection, changed)
    for upload in uploads:
        store.delete_upload(connection, upload.upload_id)
        jobs.schedule(connection, kind=UPLOAD_SWEEP_JOB, key=upload.upload_id, run_at=now)
    sweep_logos(connection, [logo_id for logo_id in theme.logo_ids() if logo_id not in changed.logo_ids()], now)
    return changed


def list_backgrounds(connection: Connection, application_id: str, theme_id: str) -> list[ThemeBackground]:
    """Return the theme's backgrounds, oldest first. Raises NotFound."""
    return store.list_backgrounds(connection, get_theme(connection, application_id, theme_id).theme_id)


def check_new_background(connection: Connection, theme: Theme) -> None:
    """Check that the theme may have another background. Raises Conflict, Forbidden."""
    if len(store.list_backgrounds(connection, theme.theme_id)) >= MAX_BACKGROUNDS:
        raise Conflict(f"The theme has {MAX_BACKGROUNDS} backgrounds, the maximum; delete one first")
    if store.count_backgrounds_of(connection, theme.application_id) >= MAX_BACKGROUNDS_OF_APPLICATION:
        raise Forbidden(f"The application has {MAX_BACKGROUNDS_OF_APPLICATION} backgrounds, the maximum")


def add_background(
    connection: Connection, application_id: str, theme_id: str, background_id: str, now: datetime
) -> ThemeBackground:
    """Add a stored picture to the theme. Raises NotFound, Conflict, Forbidden."""
    theme = lock_theme(connection, application_id, theme_id)
    applications.take_turn(connection, application_id)
    check_new_background(connection, theme)
    background = ThemeBackground(background_id, theme.theme_id, now)
    store.insert_background(connection, background)
    return background


def remove_background(
    connection: Connection, application_id: str, theme_id: str, background_id: str, now: datetime
) -> None:
    """Delete a background of the theme and, soon after, its picture. Raises NotFound."""
    theme = lock_theme(connection, application_id, theme_id)
    if not store.delete_background(connection, theme.theme_id, background_id.lower()):
        raise NotFound(f"could not find background {shown(background_id)}")
    sweep_backgrounds(connection, [background_id.lower()], now)


def sweep_backgrounds(connection: Connection, background_ids: list[str], at: datetime) -> None:
    """Schedule the deletion of those pictures that no theme has by then."""
    for background_id in background_ids:
        jobs.schedule(connection, kind=BACKGROUND_SWEEP_JOB, key=background_id, run_at=at)


def remove_all(connection: Connection, application_id: str, now: datetime) -> None:
    """Delete the themes and uploads of an application and, soon after, their images."""
    for theme in store.list_themes(connection, application_id):
        sweep_logos(connection, theme.logo_ids(), now)
        _remove_backgrounds(connection, theme.theme_id, now)
    for upload in store.list_uploads(connection, application_id):
        jobs.schedule(connection, kind=UPLOAD_SWEEP_JOB, key=upload.upload_id, run_at=now)
    store.delete_themes_of(connection, application_id)


def _remove_backgrounds(connection: Connection, theme_id: str, now: datetime) -> None:
    sweep_backgrounds(connection, [one.background_id for one in store.list_backgrounds(connection, theme_id)], now)
    store.delete_backgrounds(connection, theme_id)


def _found(theme: Theme | None, theme_id: str) -> Theme:
    if theme is None:
        raise NotFound(f"could not find theme {shown(theme_id)}")
    return theme


def _write(write: Callable[[Connection, Theme], None], connection: Connection, theme: Theme) -> None:
    """Run an insert or update; turn violations of uniqueness into Conflict."""
    if theme.short_company_url is not None and theme.short_company_url.lower() in RESERVED_SHORT_URLS:
        raise Conflict("short_company_url already exists")
    try:
        write(connection, theme)
    except store.ThemeNameTaken:
        raise Conflict("theme_name already exists in application") from None
    except store.ShortCompanyUrlTaken:
        raise Conflict("short_company_url already exists") from None
