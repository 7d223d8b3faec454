"""A page of another origin drives each command of `/embed.js` and hears each event."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from embedder import Embedder
from embedding_site import EmbeddingSite
from moothall_process import ROOT, Application, MoothallProcess, run_cli
from people import FAKE_DEVICES, PATIENCE, Person, wait_for
from playwright.sync_api import expect
from voice import speak

CreateRoom = Callable[..., dict[str, Any]]
MakePerson = Callable[..., Person]
MakeEmbedder = Callable[..., Embedder]
PATIENCE_MS = PATIENCE * 1000


@pytest.fixture
def site(server: MoothallProcess, application: Application) -> Iterator[EmbeddingSite]:
    running = EmbeddingSite()
    command = ("app", "allow-domains", "--application-id", application.application_id)
    run_cli(*command, "--data-dir", str(server.data_dir), running.origin, running.same_site_origin)
    yield running
    running.close()


@pytest.fixture
def embedder(server: MoothallProcess, site: EmbeddingSite, person: MakePerson) -> MakeEmbedder:
    """Makes people who take part in pages of the site."""

    def make(name: str, link: str, arguments: list[str] | None = None, **options: Any) -> Embedder:
        options = {"roomUrl": link, "displayName": name, **options}
        return Embedder(person(name, arguments=arguments), site, server.url, **options)

    return make


def make_links(create_room: CreateRoom, **fields: Any) -> tuple[str, str]:
    """The links for host and guests of a new room."""
    soon = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    links = create_room(type="long_term", expires_at=soon, **fields)["_links"]
    return links["host_url"]["href"], links["guest_url"]["href"]


def names_in_docs(heading: str) -> set[str]:
    part = (ROOT / "docs/embed.md").read_text().partition(f"## {heading}\n")[2].partition("\n## ")[0]
    return set(re.findall(r"^\| `([a-z_]+)` ", part, re.MULTILINE))


def come_in(host: Embedder, guest: Embedder) -> tuple[str, str]:
    """Both join. Returns their participant ids."""
    host.hears("ready", version=1)
    host.hears("prejoin_shown")
    host.is_refused("not_joined", "leave")
    host.does("join")
    host_id = host.hears("joined", role="owner")["participant_id"]
    guest.hears("prejoin_shown")
    guest.does("join", microphone=True, camera=True)
    guest.hears("waiting", reason="approval")
    guest.does("rename", display_name="Grace H")
    waiting = host.hears("waiting_list_changed")["waiting"]
    host.does("admit", participant_id=waiting[0]["participant_id"])
    guest_id = guest.hears("joined", role="guest")["participant_id"]
    host.hears("participant_joined", participant={"id": guest_id, "is_local": False})
    return host_id, guest_id


def test_every_command_is_carried_out_and_every_event_is_told(
    create_room: CreateRoom, embedder: MakeEmbedder, tmp_path: Path
) -> None:
    Embedder.used.clear()
    Embedder.seen.clear()
    host_link, guest_link = make_links(create_room, join_approval_level="explicit_approval")
    voice = speak(tmp_path / "voice.wav")
    ada = embedder("Ada", host_link)
    grace = embedder(
        "Grace", guest_link, [*FAKE_DEVICES, f"--use-file-for-fake-audio-capture={voice}"], layout="sidebar"
    )
    ada_id, grace_id = come_in(ada, grace)

    assert ada.does("get_state")["phase"] == "joined"
    wait_for(lambda: ada.does("get_state")["layout"] == "auto", "the tiles are arranged by themselves")
    wait_for(lambda: grace.does("get_state")["layout"] == "sidebar", "the tiles are arranged as the option says")
    ada.hears("speakers_changed", participant_ids=[grace_id])
    look_of_the_page(ada)
    microphone_camera_and_screen(ada, grace, ada_id)
    stage(ada, grace, ada_id, grace_id)
    chat_hands_and_reactions(ada, grace, grace_id)
    moderation(ada, grace, grace_id)
    waiting_room(ada, embedder, guest_link)
    ways_out(ada, grace, grace_id)
    troubles(ada, grace, embedder, guest_link)

    assert names_in_docs("Commands") - Embedder.used == set()
    assert names_in_docs("Events") - Embedder.seen == set()


def look_of_the_page(ada: Embedder) -> None:
    ada.does("set_language", language="de")
    ada.hears("language_changed", language="de")
    expect(ada.frame.get_by_role("button", name="Verlassen").first).to_be_visible(timeout=PATIENCE_MS)
    ada.does("set_language", language="en")
    ada.is_refused("invalid_input", "set_language", language="xx")
    dark = "() => getComputedStyle(document.documentElement).colorScheme"
    for theme in ("dark", "light"):
        ada.does("set_theme", theme=theme)
        ada.hears("theme_changed", theme=theme)
        assert ada.frame.locator("html").evaluate(dark) == theme
    ada.is_refused("invalid_input", "set_theme", theme="pink")
    ada.is_refused("invalid_input", "set_theme", theme="dark", more=1)
    ada.is_refused("unknown_command", "toString")


def microphone_camera_and_screen(ada: Embedder, grace: Embedder, ada_id: str) -> None:
    for command, event, field in (
        ("set_microphone", "microphone_changed", "microphone"),
        ("set_camera", "camera_changed", "camera"),
    ):
        for on in (False, True):
            ada.does(command, on=on)
            ada.hears(event, on=on)
            grace.hears("participant_changed", participant={"id": ada_id, field: on})

    microphones = [one for one in ada.does("get_state")["devices"] if one["kind"] == "microphone"]
    other = next(one["id"] for one in reversed(microphones) if not one["is_chosen"])
    ada.does("choose_device", kind="microphone", id=other)
    devices = ada.hears("devices_changed")["devices"]
    assert [one["id"] for one in devices if one["kind"] == "microphone" and one["is_chosen"]] == [other]
    ada.is_refused("unavailable", "choose_device", kind="camera", id="nothing")

    ada.person.press("Share from outside")
    ada.hears("screen_changed", on=True)
    Embedder.used.add("start_share")
    wait_for(lambda: ada.person.page.evaluate("window.__shared?.ok"), "the command was carried out")
    grace.hears("participant_changed", participant={"id": ada_id, "screen": True})
    ada.does("stop_share")
    ada.hears("screen_changed", on=False)
    grace.hears("participant_changed", participant={"id": ada_id, "screen": False})


def stage(ada: Embedder, grace: Embedder, ada_id: str, grace_id: str) -> None:
    grace.does("set_layout", layout="speaker")
    grace.hears("layout_changed", layout="speaker")
    grace.is_refused("invalid_input", "set_layout", layout="circle")
    grace.does("pin", participant_id=ada_id, on=True)
    grace.hears("pins_changed", participant_ids=[ada_id])
    expect(grace.frame.get_by_text("Pinned").first).to_be_attached(timeout=PATIENCE_MS)
    grace.does("pin", participant_id=ada_id, on=False)
    grace.hears("pins_changed", participant_ids=[])
    grace.is_refused("unknown_participant", "pin", participant_id="nobody", on=True)
    grace.is_refused("not_permitted", "spotlight", participant_id=ada_id, on=True)
    ada.does("spotlight", participant_id=grace_id, on=True)
    grace.hears("spotlight_changed", participant_ids=[grace_id])


def chat_hands_and_reactions(ada: Embedder, grace: Embedder, grace_id: str) -> None:
    grace.does("send_message", text="Good morning <b>")
    number = ada.hears("message_received", message={"text": "Good morning <b>", "is_own": False})["message"]["number"]
    assert grace.hears("message_received", message={"is_own": True})["message"]["participant_id"] == grace_id
    grace.is_refused("not_permitted", "remove_message", number=number)
    ada.does("pin_message", number=number)
    ada.does("remove_message", number=number)
    grace.hears("message_removed", number=number)

    grace.does("raise_hand", raised=True)
    ada.hears("hand_changed", participant_id=grace_id, raised=True, place=1)
    ada.does("lower_hand", participant_id=grace_id)
    grace.hears("hand_changed", participant_id=grace_id, raised=False, place=None)
    grace.does("raise_hand", raised=True)
    ada.hears("hand_changed", participant_id=grace_id, raised=True)
    ada.does("lower_all_hands")
    ada.hears("hand_changed", participant_id=grace_id, raised=False)
    grace.does("react", reaction="clap")
    ada.hears("reaction_received", reaction="clap", participant_id=grace_id)
    grace.is_refused("invalid_input", "react", reaction="boo")


def moderation(ada: Embedder, grace: Embedder, grace_id: str) -> None:
    grace.forget_events()
    ada.does("mute", participant_id=grace_id, source="microphone")
    grace.hears("microphone_changed", on=False)
    ada.does("ask_to_unmute", participant_id=grace_id, source="microphone")
    grace.hears("unmute_asked", source="microphone")
    ada.does("mute_all", source="camera")
    grace.hears("camera_changed", on=False)
    ada.does("set_guest_rights", camera=False)
    assert grace.hears("rights_changed")["rights"]["camera"] is False
    grace.is_refused("not_permitted", "set_camera", on=True)
    ada.does("set_guest_rights", camera=True)
    grace.hears("rights_changed")
    grace.does("set_camera", on=True)
    grace.hears("camera_changed", on=True)
    grace.is_refused("not_permitted", "lock", locked=True)
    for locked in (True, False):
        ada.does("lock", locked=locked)
        grace.hears("lock_changed", locked=locked)
    ada.is_refused("unknown_participant", "mute", participant_id="nobody", source="camera")


def waiting_room(ada: Embedder, embedder: MakeEmbedder, guest_link: str) -> None:
    mallory = embedder("Mallory", guest_link)
    mallory.hears("prejoin_shown")
    mallory.does("join")
    waiting = ada.hears("waiting_list_changed")["waiting"]
    ada.is_refused("unknown_waiting", "deny", participant_id="nobody")
    ada.does("deny", participant_id=waiting[0]["participant_id"])
    assert mallory.hears("denied")["retry_after"] > 0

    bob = embedder("Bob", guest_link)
    bob.hears("prejoin_shown")
    bob.does("join")
    bob.hears("waiting", reason="approval")
    wait_for(lambda: ada.does("get_state")["waiting"], "Ada sees who waits")
    ada.does("admit_all")
    bob_id = bob.hears("joined")["participant_id"]
    bob.does("leave")
    bob.hears("connection_changed", state="closed")
    bob.hears("left", reason="left")
    ada.hears("participant_left", participant={"id": bob_id})


def ways_out(ada: Embedder, grace: Embedder, grace_id: str) -> None:
    ada.does("make_host", participant_id=grace_id)
    grace.hears("role_changed", role="owner")
    grace.does("leave")
    grace.hears("left", reason="left")
    grace.does("rejoin")
    assert grace.hears("joined")["participant_id"] == grace_id
    wait_for(lambda: len(ada.does("get_state")["participants"]) == 2, "Grace is back")
    ada.does("remove", participant_id=grace_id)
    grace.hears("left", reason="removed")
    ada.does("end_for_all")
    ada.hears("ended")


def troubles(ada: Embedder, grace: Embedder, embedder: MakeEmbedder, guest_link: str) -> None:
    deaf = embedder("Linus", guest_link, arguments=[])
    deaf.hears("prejoin_shown")
    deaf.does("set_camera", on=True)
    deaf.hears("device_error", kind="camera", code="not_found")

    # The page allows less than the script asked for.
    grace.person.page.evaluate(
        "link => { meeting.frame.allow = 'camera; microphone'; meeting.open({ roomUrl: link }) }", guest_link
    )
    assert grace.hears("embed_error")["missing"] == ["display-capture", "fullscreen", "autoplay"]
    ada.person.page.evaluate("link => meeting.open({ roomUrl: link })", re.sub(r"\d{6,}", "100000000000", guest_link))
    ada.hears("error", code="no_answer")


_TWO_ELEMENTS = """
<section id="first" style="width: 700px"></section>
<section id="second" style="width: 700px"></section>
<script type="module">
  import '{server}/embed.js'
  window.__heard = {{ one: [], two: [] }}
  const make = (name, link) => {{
    const element = document.createElement('moothall-meeting')
    element.setAttribute('room-url', link)
    element.setAttribute('display-name', name)
    element.setAttribute('microphone', 'off')
    element.setAttribute('camera', 'off')
    element.setAttribute('skip-prejoin', '')
    element.setAttribute('language', 'de')
    element.style.height = '400px'
    for (const event of ['joined', 'left', 'language_changed']) {{
      element.addEventListener(event, ({{ detail }}) => __heard[name].push([event, detail]))
    }}
    return element
  }}
  document.querySelector('#first').attachShadow({{ mode: 'open' }}).append(make('one', '{first}'))
  document.querySelector('#second').append(make('two', '{second}'))
  window.__two = document.querySelector('#second moothall-meeting')
</script>
"""


_HAS_STORAGE = """
() => {
  try {
    return Boolean(sessionStorage)
  } catch {
    return false
  }
}
"""


@pytest.mark.parametrize("has_storage", [False, True])
def test_two_elements_on_one_page_are_moved_and_removed(
    server: MoothallProcess, site: EmbeddingSite, create_room: CreateRoom, person: MakePerson, *, has_storage: bool
) -> None:
    """Chromium gives frames of another site no storage here, and those of another port some."""
    first, second = (create_room()["_links"]["guest_url"]["href"] for _ in range(2))
    ada, grace = person("Ada"), person("Grace")
    grace.open(second)
    grace.join()
    shop = site.serve(_TWO_ELEMENTS.format(server=server.url, first=first, second=second))
    ada.open(shop.replace(site.origin, site.same_site_origin) if has_storage else shop)

    def joined(name: str) -> list[str]:
        heard = ada.page.evaluate("name => __heard[name]", name)
        return [detail["participant_id"] for event, detail in heard if event == "joined"]

    wait_for(lambda: joined("one") and joined("two"), "both are inside, without the step before")
    frame = ada.page.locator("#second iframe").content_frame
    expect(frame.get_by_role("button", name="Verlassen").first).to_be_visible(timeout=PATIENCE_MS)
    ada.page.evaluate("__two.setAttribute('language', 'fr')")
    expect(frame.get_by_role("button", name="Quitter").first).to_be_visible(timeout=PATIENCE_MS)
    grace.sees_tile_of("two")

    assert frame.locator("html").evaluate(_HAS_STORAGE) is has_storage

    # After a move within the document they come back by themselves.
    ada.page.evaluate("document.querySelector('#first').after(__two)")
    wait_for(lambda: len(joined("two")) == 2, "the moved meeting is back")
    assert len(set(joined("two"))) == (1 if has_storage else 2)
    grace.sees_tile_of("two")
    expect(grace.page.locator('[data-testid="tile"][data-kind="camera"]')).to_have_count(2, timeout=PATIENCE_MS)
    # A move that keeps the frame changes nothing.
    ada.page.evaluate("document.body.moveBefore(__two, null)")
    assert ada.page.evaluate("__two.run('get_state')")["value"]["phase"] == "joined"
    assert len(joined("two")) == 2
    assert len(joined("one")) == 1, "the other one stays"

    ada.page.evaluate("__two.remove()")
    grace.sees_no_tile_of("two")
    wait_for(lambda: ada.page.evaluate("__two.run('leave')")["code"] == "disposed", "it is disposed of")


@pytest.fixture
def development(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that lets every page of this machine embed its rooms."""
    monkeypatch.setenv("MOOTHALL_ALLOW_LOOPBACK_EMBEDDING", "true")


@pytest.mark.usefixtures("development")
def test_the_demo_page_tries_commands_and_shows_events(
    server: MoothallProcess, create_room: CreateRoom, person: MakePerson
) -> None:
    ada = person("Ada")
    ada.open(f"{server.url}/embed/demo?room={create_room()['_links']['host_url']['href'].replace('&', '%26')}")
    ada.press("Open")
    log = ada.page.get_by_role("log")
    expect(log).to_contain_text("event prejoin_shown", timeout=PATIENCE_MS)
    ada.press("join")
    expect(log).to_contain_text('answer join {"ok":true}', timeout=PATIENCE_MS)
    expect(log).to_contain_text("event joined", timeout=PATIENCE_MS)
    language = ada.page.locator("form", has=ada.page.get_by_role("button", name="set_language", exact=True))
    language.get_by_label("language").fill("de")
    ada.press("set_language")
    expect(log).to_contain_text('event language_changed {"language":"de"}', timeout=PATIENCE_MS)
    shown = {button.inner_text() for button in ada.page.locator("#commands button").all()}
    assert shown == names_in_docs("Commands")
