"""Corrections of the ledger. Each function runs in the transaction of its connection."""

from datetime import datetime

from moothall.api.errors import Conflict, InputInvalid, NotFound
from moothall.db import Connection
from moothall.ledger import store
from moothall.ledger.model import Entry

MAX_KEY_LENGTH = 64
MOST_MILLISECONDS = 366 * 24 * 3_600_000


def correct(connection: Connection, entry_id: int, *, milliseconds: int, key: str, note: str, now: datetime) -> Entry:
    """Write a correction of an entry, which counts today, and return it.

    Repeated with the same key, it changes nothing. Raises NotFound, InputInvalid, and Conflict when
    another correction has this key.
    """
    if not 1 <= len(key) <= MAX_KEY_LENGTH or not 1 <= len(note) <= store.MAX_NOTE_LENGTH:
        raise InputInvalid(f"a key has 1 to {MAX_KEY_LENGTH} characters, and a note 1 to {store.MAX_NOTE_LENGTH}")
    if not 0 < abs(milliseconds) <= MOST_MILLISECONDS:
        raise InputInvalid(f"a correction has 1 to {MOST_MILLISECONDS} milliseconds, more or less")
    entry = store.find_entry(connection, entry_id)
    if entry is None:
        raise NotFound(f"the ledger has no entry {entry_id}")
    store.correct(connection, entry, milliseconds=milliseconds, key=key, note=note, now=now)
    found = store.find_correction(connection, entry.session_id, entry.kind, key)
    if found is None or (found.corrects, found.milliseconds, found.note) != (entry_id, milliseconds, note):
        raise Conflict(f"another correction has the key {key}")
    return found
