"""Errors of the database."""

from sqlalchemy.exc import InterfaceError, OperationalError


class DatabaseUnavailable(Exception):
    """The database cannot be reached or opened; the message says what to do."""


# The errors of a transaction when the database is unreachable or locked, or its disk is full.
UNREACHABLE = (DatabaseUnavailable, InterfaceError, OperationalError)
