"""Marks of guests whose name passes for that of a host."""

from support.page import Page


async def test_marks_come_and_go_with_the_hosts(page: Page) -> None:
    room, engine = page.room.id, page.engine
    await engine.join(room, "guest", name="Grаce")
    assert "guest" not in engine.attributes

    await engine.join(room, "host", name="Grace", role="owner")
    assert engine.attributes["guest"] == {"lookalike": "host"}

    # A reconnect: the token of the guest knows nothing of the mark.
    engine.attributes.clear()
    await engine.join(room, "guest", name="Grаce")
    assert engine.attributes["guest"] == {"lookalike": "host"}

    await engine.leave(room, "host")
    assert engine.attributes["guest"] == {"lookalike": ""}
    assert "host" not in engine.attributes


async def test_a_guest_who_is_made_a_host_has_no_mark_and_gives_one_to_others(page: Page) -> None:
    grace = await page.enter("Grace", page.host_token)
    for identity, name in (("one", "Grace"), ("other", "0scar"), ("third", "Oscar")):
        await page.engine.join(page.room.id, identity, name=name)
    assert page.engine.attributes == {"one": {"lookalike": "host"}}

    for identity in ("one", "other"):
        await page.post("make-host", {"participant_id": identity}, headers=grace.headers)

    assert page.engine.attributes["one"]["lookalike"] == ""
    assert page.engine.attributes["third"] == {"lookalike": "host"}
