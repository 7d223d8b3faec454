"""A page that follows one feed, as docs/page-api.md says that it does."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

Read = Callable[[int | None], Awaitable[dict[str, Any]]]


class FeedReader:
    """``read(after)`` asks the server."""

    def __init__(self, feed: str, read: Read) -> None:
        self.feed = feed
        self.values: dict[str, Any] = {}
        self._read = read
        self._place: tuple[str, int] | None = None
        self._number = 0

    async def receive(self, payload: bytes) -> None:
        packet = json.loads(payload)
        if packet["feed"] != self.feed:
            return
        place = packet["session_id"], packet["generation"]
        entries = packet["entries"]
        if place == self._place and packet["number"] <= self._number:
            return
        if place != self._place or entries is None or entries[0]["number"] > self._number + 1:
            await self.catch_up()
            return
        self._take(entries, packet["number"])

    async def catch_up(self) -> None:
        has_more = True
        while has_more:
            answer = await self._read(None if self._place is None else self._number)
            has_more = answer["has_more"]
            place = answer["session_id"], answer["generation"]
            if self._place not in (None, place):
                self._place, self._number, self.values, has_more = None, 0, {}, True
                continue
            self._place = place
            self._take(answer["entries"], answer["number"])

    def _take(self, entries: list[dict[str, Any]], number: int) -> None:
        for entry in entries:
            if entry["value"] is None:
                self.values.pop(entry["key"], None)
            else:
                self.values[entry["key"]] = entry["value"]
        self._number = max(self._number, number)
