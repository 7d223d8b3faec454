"""Chat of a running meeting: kept first, then sent to everybody inside.

What a person writes comes to the server, which knows who that is; what others get comes from the
server. So it works alike with every media engine, nobody speaks in another's name, and what was
shown is what was kept.
"""

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

from moothall.chat import service as chat
from moothall.chat.model import ChatMessage, Removal
from moothall.chat.rendering import render_packet
from moothall.db import Connection
from moothall.feeds import store as feeds
from moothall.feeds.model import CHAT, STATE, Change, Entry, Head
from moothall.kit.clock import Clock
from moothall.kit.rate_limit import RateLimits, address_key
from moothall.meeting import rules
from moothall.meeting.access import Access, Caller, Insider
from moothall.meeting.errors import ChatOff, MessageUnknown, NotPermitted, TextInvalid, TooFast
from moothall.meeting.feeds import MOST_AT_ONCE, STATE_LIMITS, Feeds, Scene
from moothall.meeting.rights import Right
from moothall.rooms.model import Room
from moothall.sessions.model import Role

# Where the LiveKit components look for chat that comes as data packets; "id", "timestamp" and
# "message" are their fields.
CHAT_TOPIC = "lk-chat-topic"
# The key of ``state`` for the message above the others.
PINNED = "pinned"


class ChatFeed:
    """The messages as a feed: the key is the message's number."""

    def check(self, room: Room) -> None:
        """Raises ChatOff."""
        if not rules.may_chat(room):
            raise ChatOff

    def read(
        self,
        connection: Connection,
        session_id: str,
        feed: str,  # noqa: ARG002 - there is one of this kind
        after: int | None,
        limit: int,
    ) -> Sequence[Entry]:
        most = limit if after is not None else min(limit, MOST_AT_ONCE)
        return [_entry(message) for message in chat.read_on(connection, session_id, after=after, limit=most)]

    def render(self, entries: Sequence[Entry]) -> Sequence[tuple[str, Mapping[str, Any]]] | None:
        """New messages go where the LiveKit components look, and removals where every feed does."""
        values = [entry.value for entry in entries if entry.value is not None]
        return None if any(value["is_removed"] for value in values) else [(CHAT_TOPIC, value) for value in values]


class MeetingChat:
    def __init__(self, running: Feeds, clock: Clock, access: Access) -> None:
        self._feeds = running
        self._clock = clock
        self._access = access
        self._feed = ChatFeed()
        running.add(CHAT, self._feed)
        self._of_person: RateLimits[Hashable] = RateLimits(per_second=1, burst=10)
        # The guests of one network in a room, and all its guests together.
        self._of_network: RateLimits[Hashable] = RateLimits(per_second=4, burst=30)
        self._of_guests: RateLimits[Hashable] = RateLimits(per_second=10, burst=60)

    async def say(self, control_token: str, text: str, *, address: str = "") -> Mapping[str, Any]:
        """Keep it, send it to everybody, and return it as they get it.

        ``address``: the author's IP address. Raises NotPermitted, ChatOff, TextInvalid,
        TooFast.
        """
        author = await self._access.identify(control_token)
        cleaned = rules.clean_message(text)
        if cleaned is None:
            raise TextInvalid
        self._count(author, address_key(address))

        def act(connection: Connection, scene: Scene) -> tuple[Head, Sequence[Entry]]:
            self._feed.check(scene.room)
            if scene.attendance is None or Right.CHAT not in scene.rights(connection):
                raise NotPermitted
            head, message = chat.record_message(connection, scene.attendance, cleaned, scene.at)
            return head, [_entry(message)]

        (entry,) = await self._feeds.act(author, CHAT, act)
        return entry.value or {}

    async def remove(self, caller: Caller, number: int) -> None:
        """Remove a message: its text is gone, the line that it was there stays.

        Raises NotPermitted, SessionUnknown, MessageUnknown.
        """
        by = caller.by
        removal = Removal(None, None) if by is None else Removal(by["participant_id"], by["name"])

        def unpin(scene: Scene, entries: Mapping[str, Entry]) -> Sequence[Change]:
            scene.moderates()
            pinned = entries.get(PINNED)
            is_pinned = pinned is not None and pinned.value is not None and pinned.value["number"] == number
            return [Change(PINNED, None)] if is_pinned else ()

        def act(connection: Connection, scene: Scene) -> tuple[Head, Sequence[Entry]]:
            scene.moderates()
            removed = chat.remove_message(connection, scene.session.id, number, removal, scene.at)
            if removed is None:
                raise MessageUnknown
            head, message = removed
            return head, [_entry(message)]

        # First, so that no text of a removed message is left there; and again, because another host
        # may have pinned it in between. What is removed cannot be pinned.
        await self._feeds.change(caller, STATE, unpin, prefix=PINNED)
        await self._feeds.act(caller, CHAT, act)
        await self._feeds.change(caller, STATE, unpin, prefix=PINNED)

    async def pin(self, caller: Caller, number: int | None) -> None:
        """Show a message to everybody above the others, late comers too; None: no longer.

        Raises NotPermitted, SessionUnknown, MessageUnknown.
        """

        def act(connection: Connection, scene: Scene) -> tuple[Head, Sequence[Entry]]:
            scene.moderates()
            value = None
            if number is not None:
                message = chat.find_message(connection, scene.session.id, number)
                if message is None:
                    raise MessageUnknown
                value = {"number": number, "name": message.name, "message": message.text, "by": scene.by}
            return feeds.write(connection, scene.session.id, STATE, [Change(PINNED, value)], STATE_LIMITS)

        await self._feeds.act(caller, STATE, act)

    def _count(self, author: Insider, network: str) -> None:
        """Raises TooFast."""
        now = self._clock.monotonic()
        limits: list[tuple[RateLimits[Hashable], Hashable]] = [
            (self._of_person, (author.room_id, author.participant_id))
        ]
        if author.role is Role.GUEST:
            # The tabs of one guest share what their network has; owners never share with guests.
            limits += [(self._of_network, (author.room_id, network)), (self._of_guests, author.room_id)]
        seconds = max(limit.wait(key, now) for limit, key in limits)
        if seconds:
            raise TooFast(seconds)
        for limit, key in limits:
            limit.spend(key, now)


def _entry(message: ChatMessage) -> Entry:
    return Entry(message.revision, str(message.number), render_packet(message))
