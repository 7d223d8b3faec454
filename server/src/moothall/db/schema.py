"""The metadata that all tables are registered with, and shared column types."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, Integer, MetaData
from sqlalchemy.types import TypeDecorator

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def moment_of(milliseconds: int) -> datetime:
    """Convert milliseconds since 1970 (UTC) to a datetime."""
    return _EPOCH + timedelta(milliseconds=milliseconds)


class Timestamp(TypeDecorator[datetime]):
    """A time as whole milliseconds since 1970 (UTC): equal order and precision everywhere."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> int | None:  # noqa: ARG002
        return None if value is None else (value - _EPOCH) // _MILLISECOND

    def process_result_value(self, value: int | None, dialect: Any) -> datetime | None:  # noqa: ARG002
        return None if value is None else moment_of(value)


class Day(TypeDecorator[date]):
    """A day (UTC) as whole days since 1970."""

    impl = Integer
    cache_ok = True

    def process_bind_param(self, value: date | None, dialect: Any) -> int | None:  # noqa: ARG002
        return None if value is None else (value - _EPOCH.date()).days

    def process_result_value(self, value: int | None, dialect: Any) -> date | None:  # noqa: ARG002
        return None if value is None else _EPOCH.date() + timedelta(days=value)
