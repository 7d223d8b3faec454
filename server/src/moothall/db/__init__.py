"""The database: one transaction per call, the same code on SQLite and PostgreSQL.

>>> rooms = await database.read(lambda connection: store.list_rooms(connection, application_id))
"""

from sqlalchemy import Connection

from moothall.db.database import Database, DatabaseUnavailable, open_database
from moothall.db.schema import Timestamp, metadata

__all__ = ["Connection", "Database", "DatabaseUnavailable", "Timestamp", "metadata", "open_database"]
