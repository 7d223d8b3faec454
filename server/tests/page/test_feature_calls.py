"""Reactions, locks, the spotlight and removals, as the page asks for them; and who may what."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from support.page import Inside, Page
from support.server import RunningServer, Tenant

from moothall.chat import service as chat
from moothall.db import Connection
from moothall.engine import Admission, Applicant, Refusal
from moothall.features.live_state import VIEWS, render_state
from moothall.features.schemas import LiveStateBody
from moothall.feeds import store as feeds
from moothall.feeds.model import Change
from moothall.meeting.feeds import RETURN, STATE_LIMITS
from moothall.meeting.notices import ROOM_TOPIC
from moothall.page.commands import COMMANDS
from moothall.reactions.service import REACTION_TOPIC
from moothall.rooms.model import JoinApprovalLevel

ROOT = Path(__file__).parents[3]


async def _do(page: Page, who: Inside, call: str, body: Any) -> None:
    response = await page.post(call, body, headers=who.headers)
    assert response.status_code == 204, response.text


async def _code(page: Page, who: Inside, call: str, body: Any) -> tuple[int, str]:
    response = await page.post(call, body, headers=who.headers)
    return response.status_code, response.json()["code"]


async def _state(page: Page, who: Inside) -> dict[str, Any]:
    read = (await page.post("feed", {"feed": "state"}, headers=who.headers)).json()
    return {entry["key"]: entry["value"] for entry in read["entries"] if entry["value"] is not None}


def _notices(page: Page) -> list[tuple[tuple[str, ...], dict[str, Any]]]:
    return [(one.to, json.loads(one.payload)) for one in page.engine.sent if one.topic == ROOM_TOPIC]


def _by(who: Inside, name: str) -> dict[str, str]:
    return {"participant_id": who.id, "name": name}


@pytest.fixture
async def grace(page: Page) -> Inside:
    """The host."""
    return await page.enter("Grace", page.host_token)


class TestReactions:
    async def test_everybody_sees_who_reacted_and_a_loss_does_not_matter(self, page: Page, grace: Inside) -> None:
        ada = await page.enter("Ada")
        await _do(page, ada, "react", {"reaction": "clap"})

        (sent,) = (one for one in page.engine.sent if one.topic == REACTION_TOPIC)
        assert json.loads(sent.payload) == {"reaction": "clap", "by": _by(ada, "Ada")}
        assert (sent.reliable, sent.to) == (False, ())
        assert (await page.post("react", {"reaction": "💩"}, headers=ada.headers)).status_code == 400

    async def test_ten_at_once_and_then_two_a_second(self, page: Page, grace: Inside) -> None:
        ada, bob = await page.enter("Ada"), await page.enter("Bob")
        for _ in range(10):
            await _do(page, ada, "react", {"reaction": "heart"})
        assert await _code(page, ada, "react", {"reaction": "heart"}) == (429, "too_many_requests")
        await _do(page, bob, "react", {"reaction": "heart"})
        page.clock.advance(seconds=1)
        for _ in range(2):
            await _do(page, ada, "react", {"reaction": "heart"})

    async def test_a_room_shows_only_so_many(self, page: Page, grace: Inside) -> None:
        for number in range(8):
            person = await page.enter(f"Person {number}")
            for _ in range(10):
                await _do(page, person, "react", {"reaction": "heart"})
        assert len([one for one in page.engine.sent if one.topic == REACTION_TOPIC]) == 60

    async def test_guests_react_only_where_they_may(self, page: Page, grace: Inside) -> None:
        ada = await page.enter("Ada")
        await _do(page, grace, "permissions", {"reactions": False})
        assert await _code(page, ada, "react", {"reaction": "wow"}) == (403, "not_permitted")
        await _do(page, grace, "react", {"reaction": "wow"})


class TestLocks:
    async def test_nobody_new_comes_in_and_those_known_do(self, page: Page, grace: Inside) -> None:
        ada = await page.enter("Ada")
        on_the_way = (await page.post("join", {"meeting_code": page.room.meeting_code, "name": "Late"})).json()
        await _do(page, grace, "lock", {"locked": True})
        assert (await _state(page, ada))["lock"] == {"by": _by(grace, "Grace")}

        stranger = await page.post("join", {"meeting_code": page.room.meeting_code, "name": "Mallory"})
        assert (stranger.status_code, stranger.json()["code"]) == (403, "locked")
        # A ticket from before opens nothing.
        refused = await page.meeting.gate.ask(Applicant(page.room.id, on_the_way["participant_id"]))
        assert refused == Refusal("locked")
        assert _notices(page) == [((grace.id,), {"type": "locked_out", "name": "Mallory"})]

        await page.engine.leave(page.room.id, ada.id)
        known = {
            "meeting_code": page.room.meeting_code,
            "name": "Ada",
            "rejoin_token": ada.ticket["rejoin_token"],
        }
        assert (await page.post("join", known)).json()["participant_id"] == ada.id
        assert await page.meeting.gate.ask(Applicant(page.room.id, ada.id)) == Admission()
        assert (await page.enter("Heidi", page.host_token)).ticket["role"] == "owner"

        await _do(page, grace, "lock", {"locked": False})
        assert (await page.post("join", {"meeting_code": page.room.meeting_code, "name": "M"})).status_code == 200

    async def test_hosts_are_not_told_of_every_attempt(self, page: Page, grace: Inside) -> None:
        await _do(page, grace, "lock", {"locked": True})
        for _ in range(9):
            await page.post("join", {"meeting_code": page.room.meeting_code, "name": "Mallory"})
        assert len(_notices(page)) == 3


class TestLockedWaitingRoom:
    @pytest.fixture
    def approval_level(self) -> JoinApprovalLevel:
        return JoinApprovalLevel.EXPLICIT_APPROVAL

    async def test_who_waits_reads_that_it_is_locked_and_can_be_let_in(self, page: Page, grace: Inside) -> None:
        waiting = (await page.post("join", {"meeting_code": page.room.meeting_code, "name": "Bob"})).json()
        token = {"lobby_token": waiting["lobby_token"]}
        await _do(page, grace, "lock", {"locked": True})
        locked = await page.post("waiting", token)
        assert (locked.status_code, locked.json()["code"]) == (403, "locked")

        (person,) = page.meeting.lobby.waiting_in(page.room.id)
        await _do(page, grace, "admit", {"participant_id": person.participant_id})
        assert (await page.post("waiting", token)).json()["status"] == "admitted"


async def test_at_most_three_are_in_the_spotlight_and_whoever_leaves_is_not(page: Page, grace: Inside) -> None:
    people = [await page.enter(name) for name in ("Ada", "Bob", "Carol", "Dan")]
    for person in people:
        await _do(page, grace, "spotlight", {"participant_id": person.id, "on": True})
    shown = {key for key in await _state(page, grace) if key.startswith("spotlight:")}
    assert shown == {f"spotlight:{person.id}" for person in people[1:]}

    await _do(page, grace, "spotlight", {"participant_id": people[1].id, "on": False})
    await page.engine.leave(page.room.id, people[2].id)
    page.clock.advance(seconds=RETURN.total_seconds())
    await page.run_jobs()
    shown = {key for key in await _state(page, grace) if key.startswith("spotlight:")}
    assert shown == {f"spotlight:{people[3].id}"}
    unknown = {"participant_id": "nobody", "on": True}
    assert await _code(page, grace, "spotlight", unknown) == (404, "unknown_participant")


@pytest.mark.parametrize("may_return", [True, False])
async def test_who_is_removed_reads_by_whom_and_comes_back_or_not(page: Page, grace: Inside, may_return: bool) -> None:
    ada = await page.enter("Ada")
    await _do(page, grace, "remove", {"participant_id": ada.id, "may_return": may_return})

    assert await page.engine.participants(page.room.id) == [grace.id]
    notice = {"type": "removed", "may_return": may_return, "by": _by(grace, "Grace")}
    assert _notices(page) == [((ada.id,), notice)]
    back = {"meeting_code": page.room.meeting_code, "name": "Ada", "rejoin_token": ada.ticket["rejoin_token"]}
    assert (await page.post("join", back)).status_code == (200 if may_return else 403)
    assert await _code(page, grace, "remove", {"participant_id": ada.id, "may_return": True}) == (
        404,
        "unknown_participant",
    )


class TestChat:
    async def test_a_removed_message_leaves_a_line_and_no_text(self, page: Page, grace: Inside) -> None:
        ada = await page.enter("Ada")
        for text in ("one", "two", "three"):
            await page.post("chat", {"message": text}, headers=ada.headers)
        page.engine.sent.clear()
        await _do(page, grace, "remove-message", {"number": 2})

        (sent,) = page.engine.sent
        packet = json.loads(sent.payload)
        assert (sent.topic, packet["feed"], packet["number"]) == ("moothall.feed", "chat", 4)
        (entry,) = packet["entries"]
        assert (entry["number"], entry["key"]) == (4, "2")
        removed = {"message": "", "is_removed": True, "removed_by": _by(grace, "Grace"), "revision": 4, "number": 2}
        assert removed.items() <= entry["value"].items()
        body = {"feed": "chat", "after": 3}
        missed = (await page.post("feed", body, headers=ada.headers)).json()
        assert missed["entries"] == [entry]
        everything = (await page.post("feed", {"feed": "chat"}, headers=ada.headers)).json()
        assert [one["value"]["message"] for one in everything["entries"]] == ["one", "", "three"]
        assert everything["number"] == 4
        said = (await page.post("chat", {"message": "four"}, headers=ada.headers)).json()
        assert (said["number"], said["revision"]) == (4, 5)

        for number in (2, 99):
            assert await _code(page, grace, "remove-message", {"number": number}) == (404, "unknown_message")

    async def test_one_message_is_pinned_until_it_is_removed(self, page: Page, grace: Inside) -> None:
        ada = await page.enter("Ada")
        for text in ("one", "two"):
            await page.post("chat", {"message": text * 600}, headers=ada.headers)
        await _do(page, grace, "pin", {"number": 1})
        await _do(page, grace, "pin", {"number": 2})
        pinned = {"number": 2, "name": "Ada", "message": "two" * 600, "by": _by(grace, "Grace")}
        assert (await _state(page, ada))["pinned"] == pinned
        await _do(page, grace, "remove-message", {"number": 1})
        assert (await _state(page, ada))["pinned"] == pinned

        await _do(page, grace, "remove-message", {"number": 2})
        assert "pinned" not in await _state(page, ada)
        for number in (2, 9):
            assert await _code(page, grace, "pin", {"number": number}) == (404, "unknown_message")
        await _do(page, grace, "pin", {"number": None})

    async def test_the_longest_message_between_the_longest_names_is_pinned(self, page: Page) -> None:
        # Sixty-four emoji that are four code points each, which are four bytes each.
        name = "\U0001f44b\U0001f3fd\u200d\U0001f9b1" * 64
        host = await page.enter(name, page.host_token)
        assert host.ticket["name"] == name
        said = await page.post("chat", {"message": "\U0001f600" * 2_000}, headers=host.headers)
        assert said.status_code == 201
        await _do(page, host, "pin", {"number": 1})
        assert (await _state(page, host))["pinned"]["name"] == name

    async def test_what_is_pinned_while_it_is_removed_does_not_stay(
        self, page: Page, grace: Inside, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await page.post("chat", {"message": "secret"}, headers=grace.headers)
        remove_message = chat.remove_message

        def pinned_first(connection: Connection, session_id: str, *details: Any) -> Any:
            pinned = Change("pinned", {"number": 1, "name": "Grace", "message": "secret", "by": None})
            feeds.write(connection, session_id, "state", [pinned], STATE_LIMITS)
            return remove_message(connection, session_id, *details)

        monkeypatch.setattr(chat, "remove_message", pinned_first)
        await _do(page, grace, "remove-message", {"number": 1})
        assert "pinned" not in await _state(page, grace)


class TestPromotion:
    async def _rejoin(self, page: Page, who: Inside) -> dict[str, Any]:
        body = {"meeting_code": page.room.meeting_code, "name": "Ada", "rejoin_token": who.ticket["rejoin_token"]}
        ticket: dict[str, Any] = (await page.post("join", body)).json()
        return ticket

    async def test_a_new_host_is_one_at_once_and_over_a_reconnect(self, page: Page, grace: Inside) -> None:
        ada, bob = await page.enter("Ada"), await page.enter("Bob")
        await _do(page, grace, "permissions", {"microphone": False})
        await _do(page, grace, "make-host", {"participant_id": ada.id})
        await _do(page, grace, "make-host", {"participant_id": ada.id})

        assert page.engine.attributes[ada.id] == {"role": "owner", "promoted": "true"}
        assert page.engine.limits[ada.id] is None
        assert _notices(page) == [((ada.id,), {"type": "made_host", "by": _by(grace, "Grace")})]
        assert (await _state(page, bob))[f"host:{ada.id}"] == {"by": _by(grace, "Grace")}
        await _do(page, ada, "lock", {"locked": True})
        assert await _code(page, bob, "lock", {"locked": False}) == (403, "not_permitted")

        await page.engine.leave(page.room.id, ada.id)
        page.clock.advance(minutes=5)
        await page.run_jobs()
        ticket = await self._rejoin(page, ada)
        assert (ticket["participant_id"], ticket["role"]) == (ada.id, "owner")
        assert page.engine.grants[-1].attributes == {"role": "owner", "promoted": "true"}
        await page.engine.join(page.room.id, ada.id, role="owner", attributes={"promoted": "true"})
        assert page.engine.limits[ada.id] is None
        headers = {"authorization": f"Bearer {ticket['control_token']}"}
        assert (await page.post("lock", {"locked": False}, headers=headers)).status_code == 204
        assert (await self._rejoin(page, ada))["role"] == "owner"

    async def test_an_old_token_of_a_new_host_is_set_right(self, page: Page, grace: Inside) -> None:
        ada = await page.enter("Ada")
        await _do(page, grace, "make-host", {"participant_id": ada.id})
        page.engine.attributes.clear()
        await page.engine.join(page.room.id, ada.id, role="guest")
        assert page.engine.attributes[ada.id] == {"role": "owner", "promoted": "true"}

    async def test_the_next_session_knows_no_promotion(self, page: Page, grace: Inside) -> None:
        ada = await page.enter("Ada")
        await _do(page, grace, "make-host", {"participant_id": ada.id})
        await _do(page, grace, "end", None)

        # With the LiveKit token of the session before, which is still good.
        await page.engine.join(page.room.id, ada.id, role="owner", attributes={"promoted": "true"})
        assert page.engine.attributes[ada.id] == {"role": "guest", "promoted": ""}
        assert await _code(page, ada, "lock", {"locked": True}) == (403, "not_permitted")
        assert (await self._rejoin(page, ada))["role"] == "guest"

    async def test_who_was_made_a_host_and_removed_is_none_and_keeps_nobody_out(
        self, page: Page, grace: Inside
    ) -> None:
        ada = await page.enter("Ada")
        await _do(page, grace, "make-host", {"participant_id": ada.id})
        await _do(page, grace, "remove", {"participant_id": ada.id})

        assert f"host:{ada.id}" not in await _state(page, grace)
        heidi = await page.enter("Heidi", page.host_token)
        assert heidi.ticket["role"] == "owner"
        page.clock.advance(minutes=12)
        assert (await self._rejoin(page, ada))["role"] == "guest"

    async def test_who_was_made_a_host_and_removed_comes_back_as_a_guest(self, page: Page, grace: Inside) -> None:
        ada = await page.enter("Ada")
        await _do(page, grace, "make-host", {"participant_id": ada.id})
        await _do(page, grace, "remove", {"participant_id": ada.id, "may_return": True})

        assert f"host:{ada.id}" not in await _state(page, grace)
        # With the LiveKit token of before, and over the page.
        await page.engine.join(page.room.id, ada.id, role="owner", attributes={"promoted": "true"})
        assert await _code(page, ada, "lock", {"locked": True}) == (403, "not_permitted")
        assert (await self._rejoin(page, ada))["role"] == "guest"

    async def test_a_removal_takes_the_role_of_nobody_whose_name_begins_alike(
        self, server: RunningServer, acme: Tenant
    ) -> None:
        room = await acme.create_room()
        live = f"/rooms/{room['id']}/live/participants"
        for name in ("guest-1", "guest-12"):
            await server.engine.join(room["id"], name, name=name)
            assert (await acme.post(f"{live}/{name}/make-host")).status_code == 204
        assert (await acme.post(f"{live}/guest-1/remove")).status_code == 204
        await server.engine.join(room["id"], "guest-12", name="guest-12", role="owner", attributes={"promoted": "true"})
        assert server.engine.attributes["guest-12"] == {"role": "owner", "promoted": "true"}

    async def test_who_is_removed_twice_before_they_are_back_keeps_nobody_out(self, page: Page, grace: Inside) -> None:
        ada = await page.enter("Ada")
        await _do(page, grace, "make-host", {"participant_id": ada.id})
        # The server restarts: everybody is expected back.
        page.engine.crash()
        for _ in range(2):
            assert await page.meeting.moderation.remove(page.room.id, ada.id)

        assert (await page.enter("Heidi", page.host_token)).ticket["role"] == "owner"

    async def test_a_callback_and_the_attendance_name_the_present_role(
        self, server: RunningServer, acme: Tenant
    ) -> None:
        room = await acme.create_room()
        live = f"/rooms/{room['id']}/live"
        await server.engine.join(room["id"], "ada")
        await server.engine.join(room["id"], "bob")
        assert (await acme.post(f"{live}/participants/ada/make-host")).status_code == 204
        assert (await acme.post(f"{live}/participants/eve/make-host")).status_code == 404

        ada, bob = (await acme.get(live)).json()["participants"]
        assert (ada["type"], ada["is_host"], bob["type"]) == ("Owner", True, "Guest")
        await server.engine.leave(room["id"], "ada")
        events = (await acme.get("/events")).json()["_embedded"]
        left = [one["body"] for one in events if one["body"]["event"] == "session:participant:left"]
        assert [one["type"] for one in left] == ["Owner"]


# ---- Who may what: every command, in every role, with everything taken from guests or nothing ----

HOSTS_ONLY = {
    "lower-hand": {"participant_id": "TARGET"},
    "lower-hands": {},
    "permissions": {"camera": False},
    "allow": {"participant_id": "TARGET", "rights": ["camera"]},
    "mute": {"participant_id": "TARGET", "source": "microphone"},
    "mute-all": {"source": "microphone", "lock": True},
    "replace-shares": {"participant_ids": []},
    "ask-to-unmute": {"participant_id": "TARGET", "source": "microphone"},
    "lock": {"locked": True},
    "spotlight": {"participant_id": "TARGET", "on": True},
    "remove": {"participant_id": "TARGET"},
    "remove-message": {"number": 1},
    "pin": {"number": 1},
    "make-host": {"participant_id": "TARGET"},
}
CHECK: dict[str, object] = {
    "age_s": 30,
    "verdict": "good",
    "camera": "granted",
    "microphone": "granted",
    "udp": True,
    "tcp": True,
    "relayed": False,
    "round_trip_ms": 24,
    "jitter_ms": 3,
    "upload_kbps": 1650,
    "download_kbps": 1500,
    "upload_loss_percent": 0,
    "download_loss_percent": 0,
}
EVERYBODY: dict[str, dict[str, object]] = {
    "hand": {"raised": True},
    "away": {"away": True},
    "react": {"reaction": "clap"},
    "connection-check": CHECK,
}
# The right that a guest needs for it.
RIGHTS = {"react": "reactions"}


def test_every_command_is_in_the_table() -> None:
    assert {command.path.removeprefix("/page/") for command in COMMANDS} == {*HOSTS_ONLY, *EVERYBODY}


async def test_the_application_sees_every_key_of_the_shared_state(page: Page, grace: Inside) -> None:
    target = await page.enter("Target")
    assert (await page.post("chat", {"message": "hello"}, headers=target.headers)).status_code == 201
    keys: set[str] = set()
    calls = {**EVERYBODY, **HOSTS_ONLY}
    for call in sorted(calls, key=lambda name: name.startswith(("lower", "remove"))):
        caller, body = target if call in EVERYBODY else grace, calls[call]
        await _do(page, caller, call, {**body, "participant_id": target.id} if "participant_id" in body else body)
        keys |= (await _state(page, grace)).keys()

    unseen = [key for key in keys if not any(view.shows(key) for view in VIEWS)]
    assert unseen == [], "features/live_state.py shows each key to the application"
    unused = [view.key for view in VIEWS if not any(view.shows(key) for key in keys)]
    assert unused == [], "every view is of something that a command makes"


def test_views_are_the_fields_of_the_answer_and_the_keys_that_the_docs_list() -> None:
    assert [view.field for view in VIEWS] == list(render_state({}))
    assert {view.field for view in VIEWS} == set(LiveStateBody.model_fields)
    text = (ROOT / "docs/page-api.md").read_text()
    listed = text.partition("The keys of `state` and their values:")[2].partition("###")[0]
    assert {view.key for view in VIEWS} == set(re.findall(r"^\* `([a-z]+:?)", listed, re.MULTILINE))


async def test_the_application_reads_what_people_share(server: RunningServer, acme: Tenant) -> None:
    room = await acme.create_room(available_features={"is_chat_available": True})
    live = f"/rooms/{room['id']}/live"
    empty = (await acme.get(f"{live}/state")).json()
    guests_may = dict.fromkeys(["microphone", "camera", "screen_share", "chat", "reactions"], True)
    guests_may["one_share_at_a_time"] = False
    nothing: dict[str, Any] = {"hands": [], "spotlight": [], "allowed": [], "promoted": []}
    assert empty == {**nothing, "guests_may": guests_may, "locked": False, "pinned_message": None}

    ticket = (await server.http.post("/page/join", json={"meeting_code": room["meeting_code"], "name": "Ada"})).json()
    ada = ticket["participant_id"]
    await server.engine.join(room["id"], ada)
    await server.engine.join(room["id"], "bob", "Bob")
    control = {"authorization": f"Bearer {ticket['control_token']}"}
    for call, body in (("chat", {"message": "Agenda"}), ("hand", {"raised": True})):
        assert (await server.http.post(f"/page/{call}", json=body, headers=control)).is_success
    for path, body in (
        ("permissions", {"microphone": False}),
        ("lock", {"locked": True}),
        ("participants/bob/allow", {"rights": ["microphone"]}),
        ("participants/bob/make-host", None),
        (f"participants/{ada}/spotlight", {"on": True}),
        ("pin-message", {"number": 1}),
    ):
        answer = await acme.post(f"{live}/{path}", json=body) if body else await acme.post(f"{live}/{path}")
        assert answer.status_code == 204, answer.text
    assert (await acme.get(f"{live}/state")).json() == {
        "hands": [ada],
        "guests_may": {**guests_may, "microphone": False},
        "allowed": [{"participant_id": "bob", "rights": ["microphone"]}],
        "locked": True,
        "spotlight": [ada],
        "promoted": ["bob"],
        "pinned_message": {"number": 1, "name": "Ada", "message": "Agenda", "pinned_by": None},
    }
    # The text of a removed message is nowhere.
    assert (await acme.post(f"{live}/remove-message", json={"number": 1})).status_code == 204
    assert (await acme.get(f"{live}/state")).json()["pinned_message"] is None


@pytest.mark.parametrize("is_locked", [False, True])
@pytest.mark.parametrize("is_restricted", [False, True])
@pytest.mark.parametrize("call", [*HOSTS_ONLY, *EVERYBODY])
async def test_who_may_what(page: Page, grace: Inside, call: str, is_restricted: bool, is_locked: bool) -> None:
    target, guest, gone = [await page.enter(name) for name in ("Target", "Guest", "Gone")]
    await _do(page, target, "hand", {"raised": True})
    assert (await page.post("chat", {"message": "hello"}, headers=target.headers)).status_code == 201
    if is_restricted:
        await _do(page, grace, "permissions", dict.fromkeys(["microphone", "camera", "chat", "reactions"], False))
    if is_locked:
        await _do(page, grace, "lock", {"locked": True})
    await page.engine.leave(page.room.id, gone.id)
    body = {**(HOSTS_ONLY.get(call) or EVERYBODY.get(call) or {})}
    if body.get("participant_id") == "TARGET":
        body["participant_id"] = target.id
    before = await _state(page, grace)
    limits, sent = dict(page.engine.limits), len(page.engine.sent)

    strangers = (gone.headers, {}, {"authorization": "Bearer nonsense"}, {"authorization": target.ticket["token"]})
    for headers in strangers:
        refused = await page.post(call, body, headers=headers)
        assert (refused.status_code, refused.json()["code"]) == (403, "not_permitted"), headers
    may = call in EVERYBODY and not (is_restricted and call in RIGHTS)
    answer = await page.post(call, body, headers=guest.headers)
    assert answer.status_code == (204 if may else 403), answer.text
    if not may:
        assert await _state(page, grace) == before
        assert (page.engine.limits, len(page.engine.sent)) == (limits, sent)
        assert target.id in await page.engine.participants(page.room.id)
    await _do(page, grace, call, body)


@pytest.mark.parametrize("call", ["allow", "mute", "ask-to-unmute", "spotlight", "remove", "make-host"])
async def test_somebody_who_has_just_left_is_unknown(page: Page, grace: Inside, call: str) -> None:
    ada = await page.enter("Ada")
    await page.engine.leave(page.room.id, ada.id)
    body = {**HOSTS_ONLY[call], "participant_id": ada.id}
    assert await _code(page, grace, call, body) == (404, "unknown_participant")


async def test_the_application_locks_and_spotlights(server: RunningServer, acme: Tenant) -> None:
    room = await acme.create_room()
    live = f"/rooms/{room['id']}/live"
    await server.engine.join(room["id"], "ada")
    assert (await acme.post(f"{live}/lock", json={"locked": True})).status_code == 204
    assert (await acme.post(f"{live}/participants/ada/spotlight", json={"on": True})).status_code == 204
    assert (await acme.post(f"{live}/participants/eve/spotlight", json={"on": True})).status_code == 404

    state = (await acme.get(f"{live}/state")).json()
    assert (state["locked"], state["spotlight"]) == (True, ["ada"])
    refused = await server.http.post("/page/join", json={"meeting_code": room["meeting_code"], "name": "Eve"})
    assert refused.json()["code"] == "locked"
