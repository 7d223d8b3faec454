"""SQLite and PostgreSQL in lock-step.

Whatever is asked for of rooms, themes and sessions, in whatever order, both answer the same.

``CONTRACT_REQUESTS`` (``make test-contract``): for longer.
"""

import asyncio
import os
from collections.abc import Coroutine, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, rule, run_state_machine_as_test
from support.clock import FakeClock
from support.postgres import PostgresServer
from support.server import RunningServer, running_server
from support.twins import Answer, Named, Twins, at

from moothall.applications.keys import KeyPair
from moothall.kit.clock import render_timestamp

LONG = "CONTRACT_REQUESTS" in os.environ
EXAMPLES, STEPS = (100, 50) if LONG else (4, 30)
# Stands for what was not made, too, so that what comes next does not depend on what the servers
# said.
UNKNOWN: Named = ("7b1091e1-6c3f-4b0e-9b0e-2f6a36ad3d80", "7b1091e1-6c3f-4b0e-9b0e-2f6a36ad3d80")

names = st.sampled_from(["Weekly", "Stand-up", "Ärzte & Patienten", "x" * 200, "", "x" * 201, "a\nb"])
approvals = st.sampled_from(["none", "after_owner_only", "EXPLICIT_APPROVAL", "perhaps"])
features = st.fixed_dictionaries({}, optional={"is_chat_available": st.booleans(), "is_captions_available": st.none()})
colors = st.sampled_from(["#12f64e", "#FFF", "red"])
texts = st.sampled_from(["Acme", "Acme Ltd.", "é" * 200, ""])
theme_names = st.sampled_from(["Acme", "Globex", None])
short_urls = st.sampled_from(["acme", "globex", "v1", "123", None])
tags = st.sampled_from(["none", "right", "wrong", "any"])
keys_of_requests = st.sampled_from([None, None, "first", "second"])
common_changes: dict[str, Any] = {
    "expire_after_use": st.booleans(),
    "join_approval_level": approvals,
    "available_features": features,
    "ui_settings": st.sampled_from([{"language": "pt-br"}, {"language": "xx"}, None]),
    "initial_join_options": st.sampled_from([{"microphone_state": "off"}, {}]),
}
# Minutes ahead: too soon, soon, and in a month.
ends = st.sampled_from([5, 15, 60, 60 * 24 * 30, 60 * 24 * 400])


class Twosome:
    """Both servers, and the loop they live in."""

    def __init__(self, keys: KeyPair) -> None:
        self.loop = asyncio.new_event_loop()
        self.keys = keys
        self.asked = 0
        self.servers: tuple[RunningServer, RunningServer]
        self._stack = AsyncExitStack()

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run_until_complete(work)

    async def open(self, folder: Path, template: Path, url: str) -> None:
        clock = FakeClock()
        unlimited = {"api_rate": 0, "api_costly_rate": 0}
        servers = []
        for name, options in (("sqlite", {}), ("postgresql", {"database_url": url})):
            (folder / name).mkdir()
            running = running_server(folder / name, template, clock, **unlimited, **options)
            servers.append(await self._stack.enter_async_context(running))
        self.servers = (servers[0], servers[1])

    async def close(self) -> None:
        await self._stack.aclose()


@pytest.fixture
def twosome(tmp_path: Path, sqlite_template: Path, postgres: PostgresServer, keys: KeyPair) -> Iterator[Twosome]:
    both = Twosome(keys)
    both.run(both.open(tmp_path, sqlite_template, postgres.copy_of_template()))
    try:
        yield both
    finally:
        both.run(both.close())
        both.loop.close()


class LockStep(RuleBasedStateMachine):
    """An application on both servers and all it can do. ``here`` is set before a run."""

    here: ClassVar[Twosome]
    applications: ClassVar[int] = 0

    rooms = Bundle("rooms")
    themes = Bundle("themes")
    people = Bundle("people")

    @initialize()
    def begin(self) -> None:
        LockStep.applications += 1
        self.prefix = f"a{LockStep.applications}-"
        self.twins: Twins = self.here.run(Twins.of(self.here.servers, self.here.keys))
        self.tags: dict[Named, tuple[str, str]] = {}
        self.made_rooms = 0
        self.made_keys: set[str] = set()

    def ask(self, method: str, path: str | Named, body: Any = None, **headers: str | Named | None) -> Answer:
        given = {name.replace("_", "-"): value for name, value in headers.items() if value is not None}
        before = self.twins.asked
        answer: Answer = self.here.run(self.twins.request(method, path, body, given))
        self.here.asked += self.twins.asked - before
        return answer

    def precondition(self, thing: Named, tag: str) -> str | Named | None:
        return {"none": None, "right": self.tags.get(thing), "wrong": '"x"', "any": "*"}[tag]

    @rule(target=rooms, name=names, more=st.fixed_dictionaries({}, optional=common_changes), key=keys_of_requests)
    def create_instant_room(self, name: str, more: dict[str, Any], key: str | None) -> Any:
        return self.create_room({"display_name": name, **more}, key)

    @rule(
        target=rooms,
        name=names,
        end=ends,
        more=st.fixed_dictionaries({}, optional=common_changes),
        key=keys_of_requests,
    )
    def create_long_term_room(self, name: str, end: int, more: dict[str, Any], key: str | None) -> Any:
        return self.create_room(
            {"display_name": name, "type": "long_term", "expires_at": self.moment(end), **more}, key
        )

    @rule(target=rooms, theme=themes, end=ends)
    def create_room_with_theme(self, theme: Named, end: int) -> Any:
        body = {"display_name": "Themed", "type": "long_term", "expires_at": self.moment(end), "theme_id": theme}
        return self.create_room(body, None)

    def create_room(self, body: dict[str, Any], key: str | None) -> Any:
        made = self.ask("POST", "/rooms", body, idempotency_key=key)
        if made.status != 201:
            assert made.status in (400, 422)
            return UNKNOWN
        room = made.named("id")
        if key is None or key not in self.made_keys:
            self.made_rooms += 1
            self.tags[room] = made.tags
        if key is not None:
            self.made_keys.add(key)
        return room

    @rule(room=rooms, changes=st.fixed_dictionaries({}, optional=common_changes), end=st.none() | ends, tag=tags)
    def update_room(self, room: Named, changes: dict[str, Any], end: int | None, tag: str) -> None:
        details = changes if end is None else {**changes, "expires_at": self.moment(end)}
        self.change_room(room, details, tag)

    @rule(room=rooms, theme=themes)
    def give_theme(self, room: Named, theme: Named) -> None:
        self.change_room(room, {"theme_id": theme}, "none")

    def change_room(self, room: Named, details: dict[str, Any], tag: str) -> None:
        changed = self.ask(
            "PATCH", at("/rooms/{}", room), {"update_details": details}, if_match=self.precondition(room, tag)
        )
        assert changed.status in (200, 400, 404, 412)
        if changed.status == 200:
            self.tags[room] = changed.tags
            assert self.ask("GET", at("/rooms/{}", room)).bodies == changed.bodies

    @rule(room=rooms)
    def get_room(self, room: Named) -> None:
        found = self.ask("GET", at("/rooms/{}", room))
        assert found.status == (404 if room == UNKNOWN else 200)
        if room == UNKNOWN:
            return
        self.tags[room] = found.tags
        again = self.ask("GET", at("/rooms/{}", room), if_none_match=found.tags)
        assert again.status == 304

    @rule(size=st.sampled_from([1, 2, 20]))
    def list_rooms(self, size: int) -> None:
        seen = 0
        page = self.ask("GET", f"/rooms?page_size={size}")
        while True:
            assert page.body["total_items"] == self.made_rooms
            seen += len(page.body["_embedded"])
            if "next" not in page.body["_links"]:
                break
            start = page.body["_links"]["next"]["href"].rpartition("start_id=")[2]
            other = page.bodies[1]["_links"]["next"]["href"].rpartition("start_id=")[2]
            page = self.ask(
                "GET", (f"/rooms?page_size={size}&start_id={start}", f"/rooms?page_size={size}&start_id={other}")
            )
        assert seen == self.made_rooms

    @rule(target=themes, color=colors, text=texts, name=theme_names, short=short_urls, key=keys_of_requests)
    def create_theme(self, color: str, text: str, name: str | None, short: str | None, key: str | None) -> Any:
        body = {"main_color": color, "brand_text": text, "theme_name": name, "short_company_url": self.short(short)}
        made = self.ask("POST", "/themes", body, idempotency_key=key and f"theme-{key}")
        if made.status != 201:
            assert made.status in (400, 409, 422)
            return UNKNOWN
        theme = made.named("theme_id")
        self.tags[theme] = made.tags
        return theme

    @rule(
        theme=themes,
        changes=st.fixed_dictionaries(
            {}, optional={"main_color": colors, "brand_text": texts, "theme_name": theme_names}
        ),
        short=st.none() | short_urls,
        tag=tags,
    )
    def update_theme(self, theme: Named, changes: dict[str, Any], short: str | None, tag: str) -> None:
        details = changes if short is None else {**changes, "short_company_url": self.short(short)}
        changed = self.ask(
            "PATCH", at("/themes/{}", theme), {"update_details": details}, if_match=self.precondition(theme, tag)
        )
        assert changed.status in (200, 400, 404, 409, 412)
        if changed.status == 200:
            self.tags[theme] = changed.tags
            assert self.ask("GET", at("/themes/{}", theme)).bodies == changed.bodies

    @rule(theme=themes, force=st.booleans())
    def delete_theme(self, theme: Named, force: bool) -> None:
        deleted = self.ask("DELETE", at("/themes/{}" + ("?force=true" if force else ""), theme))
        assert deleted.status in (204, 400, 404)
        if deleted.status == 204:
            assert self.ask("GET", at("/themes/{}", theme)).status == 404

    @rule(theme=themes)
    def look_at_themes(self, theme: Named) -> None:
        self.ask("GET", "/themes")
        self.ask("GET", at("/themes/{}/rooms?page_size=3", theme))

    @rule(theme=themes | st.none() | st.just(UNKNOWN))
    def set_default_theme(self, theme: Named | None) -> None:
        self.ask("PATCH", "/applications", {"update_details": {"default_theme_id": theme}})

    @rule(target=people, room=rooms, name=st.sampled_from(["Ada", "Bob"]), owner=st.booleans())
    def join(self, room: Named, name: str, owner: bool) -> Any:
        return self.here.run(self._join(room, name, owner))

    async def _join(self, room: Named, name: str, owner: bool) -> Any:
        """Through the page, as people do."""
        shown = await self.twins.request("GET", at("/rooms/{}", room))
        if shown.status == 404:
            return room, UNKNOWN
        answers = []
        for body, server in zip(shown.bodies, self.here.servers, strict=True):
            token = body["_links"]["host_url"]["href"].rpartition("participant_token=")[2] if owner else None
            asked = {"meeting_code": body["meeting_code"], "name": name, "participant_token": token}
            answers.append(await server.http.post("/page/join", json=asked))
        assert answers[0].status_code == answers[1].status_code, [answer.text for answer in answers]
        first, second = (answer.json() for answer in answers)
        assert set(first) == set(second)
        if "participant_id" not in first:
            return room, UNKNOWN
        person = (first["participant_id"], second["participant_id"])
        self.twins.same(*person)
        for side, server in enumerate(self.here.servers):
            await server.engine.join(room[side], person[side], name, "owner" if owner else "guest")
        return room, person

    @rule(person=people)
    def leave(self, person: tuple[Named, Named]) -> None:
        room, participant = person

        async def both() -> None:
            inside = [
                participant[side] in await one.engine.participants(room[side])
                for side, one in enumerate(self.here.servers)
            ]
            assert inside[0] == inside[1]
            for side, server in enumerate(self.here.servers):
                if inside[side]:
                    await server.engine.leave(room[side], participant[side])

        self.here.run(both())

    @rule(person=people, command=st.sampled_from(["remove", "mute"]), key=keys_of_requests)
    def moderate(self, person: tuple[Named, Named], command: str, key: str | None) -> None:
        body = {"tracks": "all"} if command == "mute" else None
        path = at("/rooms/{}/live/participants/{}/" + command, *person)
        assert self.ask("POST", path, body, idempotency_key=key and f"live-{key}").status in (200, 204, 404, 422)

    @rule(room=rooms)
    def end_session(self, room: Named) -> None:
        assert self.ask("POST", at("/rooms/{}/live/end", room)).status == (404 if room == UNKNOWN else 204)

    @rule(room=rooms)
    def look_at_sessions(self, room: Named) -> None:
        self.ask("GET", at("/rooms/{}/live", room))
        sessions = self.ask("GET", at("/rooms/{}/sessions", room))
        if room == UNKNOWN:
            return
        for index in range(len(sessions.body["_embedded"])):
            session = sessions.named("_embedded", index, "id")
            self.ask("GET", at("/rooms/{}/sessions/{}/participants", room, session))
            self.ask("GET", at("/sessions/{}/recordings", session))
            self.ask("GET", at("/sessions/{}/chat", session))

    @rule()
    def look_at_what_happened(self) -> None:
        self.here.run(self.twins.compare_events())
        self.ask("GET", "/callbacks/deliveries")
        self.ask("GET", "/usage")

    @rule(minutes=st.sampled_from([1, 6, 11, 120, 60 * 24 * 31]))
    def time_passes(self, minutes: int) -> None:
        self.here.run(self.twins.settle(minutes=minutes))
        if minutes > 60 * 24:
            self.made_keys.clear()

    @rule(method=st.sampled_from(["GET", "PATCH"]), where=st.sampled_from(["/rooms/{}", "/themes/{}"]))
    def ask_for_nothing(self, method: str, where: str) -> None:
        body = {"update_details": {"expire_after_use": True} if "rooms" in where else {"brand_text": "x"}}
        assert self.ask(method, at(where, UNKNOWN), body if method == "PATCH" else None).status == 404

    def moment(self, minutes: int) -> str:
        """Return the time this many minutes after the start of the current one."""
        now = self.twins.clock.now().replace(second=0, microsecond=0).timestamp()
        return render_timestamp(FakeClock().now().fromtimestamp(now + 60 * minutes, FakeClock().now().tzinfo))

    def short(self, name: str | None) -> str | None:
        """Unique on the server: each application has its own."""
        return name if name in (None, "v1", "123") else self.prefix + str(name)


@pytest.mark.timeout(7200 if LONG else 300)
def test_both_databases_answer_the_same(twosome: Twosome):
    LockStep.here = twosome
    run_state_machine_as_test(
        LockStep,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    print(f"{twosome.asked} requests, half of them to each database: 0 divergences")  # noqa: T201 - a figure to write down
    assert twosome.asked > EXAMPLES * 10
