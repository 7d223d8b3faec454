"""Participants with a real LiveKit client who join and leave while the server is killed.

They record what the API reported, which must stay true; a client's own view is no acknowledgement.
Every stay has its own room, so it starts and ends a session.
"""

import asyncio
import random
import threading
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from typing import Any

from api_client import SERVER_GONE, ApiClient
from attendant import Attendant, AttendantGone
from moothall_process import MoothallProcess

PATIENCE_S = 30.0
_PAUSE_S = 0.05
_CUT_OFF = (*SERVER_GONE, AttendantGone)
_COMES_BACK = 0.7
_LINGERS, _LINGERS_FOR, _LINGER_PAUSE_S = 0.5, 20, 0.25


@dataclass
class Stay:
    """One person in one room.

    ``session_id`` is set once the API has shown the person inside, ``ended_at`` once it has shown
    the end.
    """

    room_id: str
    participant_id: str = ""
    url: str = ""
    token: str = ""
    session_id: str | None = None
    is_leaving: bool = False
    ended_at: str | None = None

    def due(self) -> set[tuple[str, str]]:
        """Return the events that must reach the receiver, each with its distinguishing id."""
        events = set()
        if self.session_id is not None:
            events |= {("session:started", self.session_id), ("session:participant:joined", self.participant_id)}
        if self.session_id is not None and self.ended_at is not None:
            events |= {("session:ended", self.session_id), ("session:participant:left", self.participant_id)}
        return events


class Visitor:
    """Joins, leaves and ends sessions repeatedly.

    A stay that a kill has interrupted is often resumed with the same token.
    """

    def __init__(self, server: MoothallProcess, token: str, callback_url: str, seed: int) -> None:
        self._server = server
        self._token = token
        self._callback_url = callback_url
        self._chance = random.Random(seed)  # noqa: S311 - what this person does next
        self._cut_off: Stay | None = None
        self._attendant = Attendant()
        self.stays: list[Stay] = []
        self.acknowledged = 0
        self.came_back = 0

    async def visit(self, count: threading.Semaphore, stop: threading.Event) -> None:
        """Join and leave until ``stop`` is set, and wait while the server is down.

        ``count`` is released for each observed join or leave.
        """

        def acknowledge() -> None:
            self.acknowledged += 1
            count.release()

        try:
            while not stop.is_set():
                with closing(ApiClient(self._server.port, self._token)) as api, suppress(*_CUT_OFF):
                    await asyncio.to_thread(api.ask, "GET", "/readyz", 200)
                    while not stop.is_set():
                        await self._one(api, acknowledge)
                await self._attendant.let_go()
                await asyncio.sleep(_PAUSE_S)
        finally:
            await self._attendant.kill()

    async def _one(self, api: ApiClient, acknowledge: Callable[[], None]) -> None:
        stay, self._cut_off = self._cut_off, None
        is_back = stay is not None and self._chance.random() < _COMES_BACK
        if stay is None or not is_back:
            stay = await self._begin(api)
        try:
            await self._inside(api, stay, acknowledge)
            self.came_back += is_back
        except _CUT_OFF as error:
            # Everybody inside at the kill is expected back. A participant who asked to leave may
            # have left, and so may an abandoned client.
            is_cut_off = not isinstance(error, AttendantGone) and not stay.is_leaving
            if stay.session_id is not None and is_cut_off:
                self._cut_off = stay
            raise

    async def _begin(self, api: ApiClient) -> Stay:
        urls = {"rooms_callback_url": self._callback_url, "sessions_callback_url": self._callback_url}
        made = await asyncio.to_thread(
            api.api, "POST", "/rooms", 201, {"display_name": "Visited", "callback_urls": urls}
        )
        stay = Stay(made["id"])
        self.stays.append(stay)
        self.acknowledged += 1
        body = {"meeting_code": made["meeting_code"], "participant_token": None, "name": "Grace"}
        ticket = await asyncio.to_thread(api.ask, "POST", "/page/join", 200, body)
        stay.participant_id, stay.token = ticket["participant_id"], ticket["token"]
        stay.url = ticket["url"] or self._server.url
        return stay

    async def _inside(self, api: ApiClient, stay: Stay, acknowledge: Callable[[], None]) -> None:
        await self._attendant.connect(stay.url, stay.token)

        async def seen_inside() -> str | None:
            live = await asyncio.to_thread(api.api, "GET", f"/rooms/{stay.room_id}/live")
            inside = stay.participant_id in [one["participant_id"] for one in live["participants"]]
            return live["session"]["id"] if inside else None

        session_id = await _eventually(seen_inside)
        assert stay.session_id in (None, session_id), f"{stay} is in another session: {session_id}"
        stay.session_id = session_id
        acknowledge()
        if self._chance.random() < _LINGERS:
            await self._linger(api, stay)

        stay.is_leaving = True
        if self._chance.random() < 0.5:
            await self._attendant.disconnect()
        else:
            await asyncio.to_thread(api.api, "POST", f"/rooms/{stay.room_id}/live/end", 204)

        async def seen_ended() -> str | None:
            session = (await asyncio.to_thread(sessions_of, api, stay.room_id))[session_id]
            ended_at: str | None = session.get("ended_at")
            return ended_at

        stay.ended_at = await _eventually(seen_ended)
        acknowledge()

    async def _linger(self, api: ApiClient, stay: Stay) -> None:
        """Stay inside for a few seconds, long enough for most kills."""
        for _ in range(_LINGERS_FOR):
            live = await asyncio.to_thread(api.api, "GET", f"/rooms/{stay.room_id}/live")
            assert live["session"] is not None, f"{stay}: the session is gone"
            assert live["session"]["id"] == stay.session_id, f"{stay}: another session"
            await asyncio.sleep(_LINGER_PAUSE_S)

    @staticmethod
    def check(api: ApiClient, stays: list[Stay]) -> None:
        """Check that the API still reports these stays as before."""
        # Copies, because visitors continue during the check.
        for stay in [replace(stay) for stay in stays if stay.session_id is not None]:
            assert stay.session_id is not None, "chosen so"
            sessions = sessions_of(api, stay.room_id)
            assert stay.session_id in sessions, f"{stay}: the session is lost"
            assert stay.ended_at in (None, sessions[stay.session_id].get("ended_at")), f"{stay}: ended at another time"
            path = f"/rooms/{stay.room_id}/sessions/{stay.session_id}/participants"
            attendances = [one for one in api.everything(path) if one["participant_id"] == stay.participant_id]
            assert len(attendances) == 1, f"{stay}: {attendances}"
            assert stay.ended_at is None or attendances[0].get("left_at") is not None, f"{stay}: still inside"


def sessions_of(api: ApiClient, room_id: str) -> dict[str, Any]:
    return {session["id"]: session for session in api.everything(f"/rooms/{room_id}/sessions")}


async def _eventually(question: Callable[[], Any]) -> Any:
    async with asyncio.timeout(PATIENCE_S):
        while True:
            answer = await question()
            if answer is not None:
                return answer
            await asyncio.sleep(_PAUSE_S)
