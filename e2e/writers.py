"""Applications that write continuously and record the acknowledgements."""

import itertools
import random
import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from api_client import SERVER_GONE, ApiClient
from moothall_process import MoothallProcess

MOST_ROOMS = 80
MOST_THEMES = 40


@dataclass
class Kept:
    """The acknowledged state of one room or theme.

    Its changes are counted from 0, the creation; None is the deletion. ``attempted`` differs from
    ``acknowledged`` where the server may have made a change without being able to say so.
    """

    id: str
    acknowledged: int | None = 0
    attempted: int | None = 0

    def settle(self, found: int | None) -> None:
        """Raise AssertionError when ``found`` is neither."""
        assert found in (self.acknowledged, self.attempted), f"{self} is {found}"
        self.acknowledged = self.attempted = found


class Writer:
    """Creates, changes and deletes rooms and themes.

    Each change postpones a room's end by one minute, or increments the counter in a theme's text.
    """

    def __init__(self, server: MoothallProcess, seed: int) -> None:
        self._server = server
        self._chance = random.Random(seed)  # noqa: S311 - what is changed next
        self._from = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=2)
        self._rooms: list[Kept] = []
        self._themes: list[Kept] = []
        self._deleted: set[str] = set()
        self.acknowledged = 0

    def write(self, token: str, count: threading.Semaphore) -> None:
        """Write until the server is gone; every acknowledgement releases ``count`` once."""
        client = ApiClient(self._server.port, token)
        try:
            for number in itertools.count():
                if number % 3 == 0:
                    self._write_theme(client)
                else:
                    self._write_room(client)
                self.acknowledged += 1
                count.release()
        except SERVER_GONE:
            return
        finally:
            client.close()

    def _write_room(self, client: ApiClient) -> None:
        if not self._rooms or (len(self._rooms) < MOST_ROOMS and self._chance.random() < 0.25):
            body = {"display_name": "Kept", "type": "long_term", "expires_at": self._moment(0)}
            self._rooms.append(Kept(client.api("POST", "/rooms", 201, body)["id"]))
            return
        room = self._chance.choice(self._rooms)
        assert room.acknowledged is not None, "rooms are not deleted"
        room.attempted = room.acknowledged + 1
        body = {"update_details": {"expires_at": self._moment(room.attempted)}}
        client.api("PATCH", f"/rooms/{room.id}", 200, body)
        room.acknowledged = room.attempted

    def _write_theme(self, client: ApiClient) -> None:
        if not self._themes or (len(self._themes) < MOST_THEMES and self._chance.random() < 0.4):
            made = client.api("POST", "/themes", 201, {"main_color": "#12f64e", "brand_text": "0"})
            self._themes.append(Kept(made["theme_id"]))
            return
        theme = self._chance.choice(self._themes)
        assert theme.acknowledged is not None, "what is deleted is forgotten"
        if self._chance.random() < 0.2:
            theme.attempted = None
            client.api("DELETE", f"/themes/{theme.id}", 204)
            self._themes.remove(theme)
            self._deleted.add(theme.id)
            return
        theme.attempted = theme.acknowledged + 1
        body = {"update_details": {"brand_text": str(theme.attempted)}}
        client.api("PATCH", f"/themes/{theme.id}", 200, body)
        theme.acknowledged = theme.attempted

    def check(self, rooms: dict[str, Any], themes: dict[str, Any]) -> None:
        """Check that all is as acknowledged, or one change further after a lost acknowledgement.

        The arguments are all existing rooms and themes, by id.
        """
        for room in self._rooms:
            assert room.id in rooms, f"{room} is lost"
            end = datetime.fromisoformat(rooms[room.id]["expires_at"])
            room.settle((end - self._from) // timedelta(minutes=1))
        for theme in list(self._themes):
            found = themes.get(theme.id)
            theme.settle(None if found is None else int(found["brand_text"]))
            if found is None:
                self._themes.remove(theme)
        assert self._deleted.isdisjoint(themes), "a deleted theme is back"

    def _moment(self, minutes: int) -> str:
        return (self._from + timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
