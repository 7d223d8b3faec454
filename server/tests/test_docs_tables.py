"""Hand-written lists against the code that they describe."""

import re
from dataclasses import fields
from pathlib import Path

from moothall.callbacks import events
from moothall.livekit.codec.responses import PUBLISH_CODECS
from moothall.reactions.model import Reaction
from moothall_sfu import CODECS

DOCS = Path(__file__).parents[2] / "docs"


def payloads_in_the_code() -> dict[str, tuple[str, set[str]]]:
    """Return the topic and the fields of each event."""
    classes = [
        value
        for value in vars(events).values()
        if isinstance(value, type) and issubclass(value, events.Payload) and value is not events.Payload
    ]
    return {one.event: (one.topic.name.lower(), {field.name for field in fields(one)}) for one in classes}


def payloads_in_the_docs() -> dict[str, tuple[str, set[str]]]:
    table = (DOCS / "callbacks.md").read_text().partition("## Events")[2].partition("\n\n`sequence`")[0]
    found = {}
    for line in table.splitlines():
        if not re.match(r"\| `[a-z]+:", line):
            continue
        names, topic, described = (cell.strip() for cell in line.strip("| ").split(" | "))
        described = re.sub(r"\([^)]*\)", "", described)
        for name in re.findall(r"`([^`]+)`", names):
            found[name] = (topic, set(re.findall(r"`([^`]+)`", described)))
    return found


def test_the_page_about_callbacks_lists_every_event_with_its_fields() -> None:
    assert payloads_in_the_docs() == payloads_in_the_code()


def test_the_page_api_lists_every_reaction() -> None:
    line = next(line for line in (DOCS / "page-api.md").read_text().splitlines() if "`/page/react`" in line)

    assert re.findall(r'"([a-z_]+)"', line.partition("reaction")[2]) == [one.value for one in Reaction]


def test_clients_are_told_of_every_codec_that_the_sfu_forwards() -> None:
    assert sorted(PUBLISH_CODECS) == sorted([*CODECS, "audio/red"])


def test_the_page_about_the_protocol_names_every_codec() -> None:
    told = (DOCS / "protocol.md").read_text().partition("fast_publish` when")[2].partition("TURN")[0]

    assert [name for name in CODECS if name.partition("/")[2].lower() not in told.lower()] == []
