"""Keys that write characters never press controls."""

from collections.abc import Callable
from typing import Any

from people import PATIENCE, Person
from playwright.sync_api import expect

_PATIENCE_MS = PATIENCE * 1000
_CONTROL, _ALT = 2, 1
# As AltGr arrives from Windows, with Ctrl and Alt, on Polish, German and Spanish keyboards.
_WRITTEN = {"ć": "KeyC", "€": "KeyE", "ł": "KeyL", "µ": "KeyM", "@": "KeyQ", "¶": "KeyP", "ß": "KeyS"}


def test_what_altgr_writes_is_no_shortcut(
    create_room: Callable[..., dict[str, Any]], person: Callable[..., Person]
) -> None:
    ada = person("Ada")
    ada.open(create_room()["_links"]["guest_url"]["href"])
    ada.join()
    ada.sees_tile_of("Ada")
    keys = ada.context.new_cdp_session(ada.page)

    def press(key: str, code: str, modifiers: int) -> None:
        event = {"key": key, "code": code, "modifiers": modifiers}
        keys.send("Input.dispatchKeyEvent", {"type": "keyDown", **event})
        keys.send("Input.dispatchKeyEvent", {"type": "keyUp", **event})

    for key, code in _WRITTEN.items():
        press(key, code, _CONTROL | _ALT)
        press(key, code, 0)
    # The shortcut opens the chat once; it would close one that had been opened before.
    press("c", "KeyC", _CONTROL | _ALT)
    expect(ada.page.get_by_role("region", name="Chat")).to_be_visible(timeout=_PATIENCE_MS)
    expect(ada.page.get_by_role("region", name="People")).to_have_count(0)
    for label in ("Mute microphone", "Turn camera off", "Share screen"):
        expect(ada.page.get_by_role("button", name=label, exact=True)).to_be_visible(timeout=_PATIENCE_MS)
    # In the field the same keys write.
    field = ada.page.get_by_role("textbox", name="Message")
    expect(field).to_be_focused(timeout=_PATIENCE_MS)
    for key, code in _WRITTEN.items():
        event = {"type": "keyDown", "key": key, "code": code, "text": key, "modifiers": 0}
        keys.send("Input.dispatchKeyEvent", event)
    expect(field).to_have_value("".join(_WRITTEN), timeout=_PATIENCE_MS)
