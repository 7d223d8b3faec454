"""A page of another origin that drives a meeting by the script `/embed.js`."""

import json
from typing import Any, ClassVar

from embedding_site import EmbeddingSite
from people import PATIENCE, Person, wait_for
from playwright.sync_api import FrameLocator

_PAGE = """
<h1>Shop</h1>
<div id="place" style="width: {width}px; height: 600px"></div>
<button type="button" id="share">Share from outside</button>
<script type="module">
  import {{ MoothallMeeting }} from '{server}/embed.js'
  window.__events = []
  window.__MoothallMeeting = MoothallMeeting
  window.meeting = new MoothallMeeting(document.querySelector('#place'), {options})
  meeting.onEach((event, detail) => __events.push({{ event, detail }}))
  document.querySelector('#share').addEventListener('click', async () => {{
    window.__shared = await meeting.run('start_share')
  }})
</script>
"""


class Embedder:
    """Somebody whose meeting is in a page of another origin, and that page."""

    used: ClassVar[set[str]] = set()
    """The commands that were carried out so far, by anybody."""
    seen: ClassVar[set[str]] = set()
    """The events that were awaited so far, by anybody."""

    def __init__(self, person: Person, site: EmbeddingSite, server: str, **options: Any) -> None:
        self.person = person
        width = options.pop("width", 1000)
        html = _PAGE.format(server=server, width=width, options=json.dumps(options))
        person.open(site.serve(html, f"/{person.name}"))

    @property
    def frame(self) -> FrameLocator:
        return self.person.page.frame_locator("iframe")

    def run(self, command: str, **args: Any) -> dict[str, Any]:
        answer: dict[str, Any] = self.person.page.evaluate("([name, args]) => meeting.run(name, args)", [command, args])
        return answer

    def does(self, command: str, **args: Any) -> Any:
        """Carry out a command. Returns its value."""
        answer = self.run(command, **args)
        assert answer["ok"], (command, args, answer)
        self.used.add(command)
        return answer.get("value")

    def is_refused(self, code: str, command: str, **args: Any) -> None:
        assert self.run(command, **args) == {"ok": False, "code": code}

    def events(self) -> list[dict[str, Any]]:
        events: list[dict[str, Any]] = self.person.page.evaluate("window.__events ?? []")
        return events

    def hears(self, event: str, **fields: Any) -> dict[str, Any]:
        """Wait for an event with these fields, and return its detail.

        It is forgotten then, with all before it.
        """

        def find() -> int:
            matching = (
                place
                for place, one in enumerate(self.events(), 1)
                if one["event"] == event and _matches(one["detail"], fields)
            )
            return next(matching, 0)

        place = wait_for(find, f"{self.person.name} hears {event} {fields}", PATIENCE)
        detail: dict[str, Any] = self.person.page.evaluate("(place) => __events.splice(0, place).at(-1).detail", place)
        self.seen.add(event)
        return detail

    def forget_events(self) -> None:
        self.person.page.evaluate("() => { __events.length = 0 }")


def _matches(detail: Any, fields: dict[str, Any]) -> bool:
    return all(
        _matches(detail.get(name), value) if isinstance(value, dict) else detail.get(name) == value
        for name, value in fields.items()
    )
