"""The database: one transaction per call, the same code on SQLite and PostgreSQL.

>>> rooms = await database.read(lambda connection: store.list_rooms(connection, application_id))
"""

from sqlalchemy import Connection

from moothall.db.database import Database, open_database
from moothall.db.errors import UNREACHABLE, DatabaseUnavailable
from moothall.db.prepared import Prepared
from moothall.db.schema import Day, Timestamp, metadata

__all__ = [
    "UNREACHABLE",
    "Connection",
    "Database",
    "DatabaseUnavailable",
    "Day",
    "Prepared",
    "Timestamp",
    "metadata",
    "open_database",
]
