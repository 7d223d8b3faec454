"""The outbox: events and their deliveries, written in the caller's transaction."""

from sqlalchemy import Connection

from moothall.callbacks.model import Event


def record(connection: Connection, event: Event) -> int:
    """Write the event and, where there is a URL for it, its delivery. Returns the event's sequence number within its room."""
    raise NotImplementedError
