"""Themes and logo uploads in the database."""

from dataclasses import asdict
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    ForeignKey,
    Row,
    String,
    Table,
    UniqueConstraint,
    bindparam,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from moothall.applications.store import applications
from moothall.db import Prepared, Timestamp, metadata
from moothall.themes.model import (
    LOGO_FIELDS,
    MAX_BRAND_TEXT,
    MAX_SHORT_COMPANY_URL,
    MAX_THEME_NAME,
    LogoType,
    LogoUpload,
    Theme,
    ThemeBackground,
)

themes = Table(
    "themes",
    metadata,
    Column("theme_id", String(36), primary_key=True),
    Column("application_id", String(36), ForeignKey("applications.application_id"), nullable=False),
    Column("theme_name", String(MAX_THEME_NAME), nullable=False),
    Column("main_color", String(7), nullable=False),
    Column("brand_text", String(MAX_BRAND_TEXT), nullable=False),
    Column("short_company_url", String(MAX_SHORT_COMPANY_URL), unique=True),
    Column("created_at", Timestamp, nullable=False),
    Column("brand_image_colored", String(36)),
    Column("brand_image_white", String(36)),
    Column("branded_favicon", String(36)),
    UniqueConstraint("application_id", "theme_name", name="uq_themes_theme_name"),
)

logo_uploads = Table(
    "logo_uploads",
    metadata,
    Column("upload_id", String(36), primary_key=True),
    Column("application_id", String(36), ForeignKey("applications.application_id"), nullable=False, index=True),
    Column("logo_type", String(16), nullable=False),
    Column("uploaded_at", Timestamp, nullable=False),
)

theme_backgrounds = Table(
    "theme_backgrounds",
    metadata,
    Column("background_id", String(36), primary_key=True),
    Column("theme_id", String(36), ForeignKey("themes.theme_id"), nullable=False, index=True),
    Column("added_at", Timestamp, nullable=False),
)

_OF_APPLICATION = themes.c.application_id == bindparam("application_id")
_BY_ID = select(themes).where(_OF_APPLICATION, themes.c.theme_id == bindparam("theme_id"))
# The room's own theme, else the application's default one.
_IN_FORCE = themes.c.theme_id == func.coalesce(
    bindparam("theme_id", type_=String),
    select(applications.c.default_theme_id)
    .where(applications.c.application_id == bindparam("application_id"))
    .scalar_subquery(),
)
_THEME_IN_FORCE = Prepared(select(themes).where(_OF_APPLICATION, _IN_FORCE))
_BACKGROUNDS = (
    select(theme_backgrounds)
    .where(theme_backgrounds.c.theme_id == bindparam("theme_id"))
    .order_by(theme_backgrounds.c.added_at, theme_backgrounds.c.background_id)
)
_SHORT_URL_IN_FORCE = select(themes.c.short_company_url).where(_OF_APPLICATION, _IN_FORCE)
_SHORT_URLS = (
    select(themes.c.theme_id, themes.c.short_company_url, applications.c.default_theme_id)
    .join_from(themes, applications)
    .where(_OF_APPLICATION, themes.c.short_company_url.is_not(None))
)


class ThemeNameTaken(Exception):
    """The application has another theme of this name."""


class ShortCompanyUrlTaken(Exception):
    """A theme on this server, of any application, has this short_company_url."""


def insert_theme(connection: Connection, theme: Theme) -> None:
    """Insert a theme. Raises ThemeNameTaken, ShortCompanyUrlTaken."""
    _write(connection, insert(themes).values(asdict(theme)))


def save_theme(connection: Connection, theme: Theme) -> None:
    """Write every column of a stored theme. Raises ThemeNameTaken, ShortCompanyUrlTaken."""
    _write(connection, update(themes).where(themes.c.theme_id == theme.theme_id).values(asdict(theme)))


def delete_theme(connection: Connection, theme_id: str) -> None:
    connection.execute(delete(themes).where(themes.c.theme_id == theme_id))


def find_theme(connection: Connection, application_id: str, theme_id: str) -> Theme | None:
    row = connection.execute(_BY_ID, {"application_id": application_id, "theme_id": theme_id}).one_or_none()
    return None if row is None else _theme(row)


def lock_theme(connection: Connection, application_id: str, theme_id: str) -> Theme | None:
    """Return the theme for changing it, locked until the transaction ends."""
    parameters = {"application_id": application_id, "theme_id": theme_id}
    row = connection.execute(_BY_ID.with_for_update(), parameters).one_or_none()
    return None if row is None else _theme(row)


def find_theme_in_force(connection: Connection, application_id: str, theme_id: str | None) -> Theme | None:
    """Return the theme of a room: its own, else the application's default, or None."""
    row = _THEME_IN_FORCE.row(connection, {"application_id": application_id, "theme_id": theme_id})
    return None if row is None else _theme(row)


def find_short_company_url(connection: Connection, application_id: str, theme_id: str | None) -> str | None:
    """Return the link prefix that the theme in effect gives a room, or None."""
    parameters = {"application_id": application_id, "theme_id": theme_id}
    return connection.execute(_SHORT_URL_IN_FORCE, parameters).scalar_one_or_none()


def short_company_urls(connection: Connection, application_id: str) -> dict[str | None, str]:
    """Return the link prefixes of an application by theme id; None: for rooms without a theme."""
    found: dict[str | None, str] = {}
    for theme_id, short_company_url, default_theme_id in connection.execute(
        _SHORT_URLS, {"application_id": application_id}
    ):
        found[theme_id] = short_company_url
        if theme_id == default_theme_id:
            found[None] = short_company_url
    return found


def list_themes(connection: Connection, application_id: str) -> list[Theme]:
    """Return the themes in order of creation."""
    statement = select(themes).where(_OF_APPLICATION).order_by(themes.c.created_at, themes.c.theme_id)
    return [_theme(row) for row in connection.execute(statement, {"application_id": application_id})]


def count_themes(connection: Connection, application_id: str) -> int:
    statement = select(func.count()).select_from(themes).where(_OF_APPLICATION)
    return connection.execute(statement, {"application_id": application_id}).scalar_one()


def is_logo_used(connection: Connection, logo_id: str) -> bool:
    """Return whether a theme uses this logo."""
    columns = [themes.c[name] for name in LOGO_FIELDS.values()]
    statement = select(themes.c.theme_id).where(or_(*(column == logo_id for column in columns))).limit(1)
    return connection.execute(statement).one_or_none() is not None


def insert_background(connection: Connection, background: ThemeBackground) -> None:
    connection.execute(insert(theme_backgrounds).values(asdict(background)))


def list_backgrounds(connection: Connection, theme_id: str) -> list[ThemeBackground]:
    """Return the pictures in the order in which they were added."""
    return [ThemeBackground(**row._asdict()) for row in connection.execute(_BACKGROUNDS, {"theme_id": theme_id})]


def count_backgrounds_of(connection: Connection, application_id: str) -> int:
    """Return the number of backgrounds of all themes of an application."""
    statement = (
        select(func.count())
        .select_from(theme_backgrounds)
        .join(themes, themes.c.theme_id == theme_backgrounds.c.theme_id)
        .where(_OF_APPLICATION)
    )
    return connection.execute(statement, {"application_id": application_id}).scalar_one()


def is_background_used(connection: Connection, background_id: str) -> bool:
    statement = select(theme_backgrounds.c.theme_id).where(theme_backgrounds.c.background_id == background_id)
    return connection.execute(statement).one_or_none() is not None


def delete_background(connection: Connection, theme_id: str, background_id: str) -> bool:
    """Delete a picture of the theme. Returns False when there is no such picture."""
    statement = delete(theme_backgrounds).where(
        theme_backgrounds.c.theme_id == theme_id, theme_backgrounds.c.background_id == background_id
    )
    return connection.execute(statement).rowcount == 1


def delete_backgrounds(connection: Connection, theme_id: str) -> None:
    """Delete all pictures of a theme."""
    connection.execute(delete(theme_backgrounds).where(theme_backgrounds.c.theme_id == theme_id))


def delete_themes_of(connection: Connection, application_id: str) -> None:
    """Delete all themes and uploads of an application; the themes have no backgrounds left."""
    connection.execute(delete(themes).where(themes.c.application_id == application_id))
    connection.execute(delete(logo_uploads).where(logo_uploads.c.application_id == application_id))


def insert_upload(connection: Connection, upload: LogoUpload) -> None:
    connection.execute(insert(logo_uploads).values(asdict(upload) | {"logo_type": upload.logo_type.value}))


def find_upload(connection: Connection, application_id: str, upload_id: str) -> LogoUpload | None:
    statement = select(logo_uploads).where(
        logo_uploads.c.application_id == application_id, logo_uploads.c.upload_id == upload_id
    )
    row = connection.execute(statement).one_or_none()
    return None if row is None else _upload(row)


def list_uploads(connection: Connection, application_id: str) -> list[LogoUpload]:
    statement = select(logo_uploads).where(logo_uploads.c.application_id == application_id)
    return [_upload(row) for row in connection.execute(statement)]


def count_uploads(connection: Connection, application_id: str) -> int:
    statement = select(func.count()).select_from(logo_uploads).where(logo_uploads.c.application_id == application_id)
    return connection.execute(statement).scalar_one()


def delete_upload(connection: Connection, upload_id: str) -> bool:
    """Delete an upload. Returns False when it does not exist."""
    return connection.execute(delete(logo_uploads).where(logo_uploads.c.upload_id == upload_id)).rowcount == 1


def _write(connection: Connection, statement: Any) -> None:
    try:
        connection.execute(statement)
    except IntegrityError as error:
        # SQLite's message names the columns, PostgreSQL's the constraint; both contain the column's
        # name. Values appear in later lines only.
        problem = str(error.orig).partition("\n")[0]
        if "short_company_url" in problem:
            raise ShortCompanyUrlTaken from error
        if "theme_name" in problem:
            raise ThemeNameTaken from error
        raise


def _theme(row: Any) -> Theme:
    return Theme(**row._asdict())


def _upload(row: Row[Any]) -> LogoUpload:
    return LogoUpload(row.upload_id, row.application_id, LogoType(row.logo_type), row.uploaded_at)
