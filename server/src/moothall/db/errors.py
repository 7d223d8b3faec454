"""What goes wrong between us and the database."""

from sqlalchemy.exc import InterfaceError, OperationalError


class DatabaseUnavailable(Exception):
    """The database cannot be reached or opened; the message says what to do."""


# What a transaction raises when the database does not answer: away for a while, locked, or its disk full.
UNREACHABLE = (DatabaseUnavailable, InterfaceError, OperationalError)
