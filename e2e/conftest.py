"""Fixtures: a server, an application with a room, a callback receiver, and participants."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest
from moothall_process import Application, MoothallProcess
from people import PATIENCE, Person
from playwright.sync_api import Playwright, expect, sync_playwright
from receiver import Receiver


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    expect.set_options(timeout=PATIENCE * 1000)
    with sync_playwright() as running:
        yield running


@pytest.fixture
def server(tmp_path: Path) -> Iterator[MoothallProcess]:
    process = MoothallProcess(tmp_path)
    process.start()
    yield process
    process.stop()


@pytest.fixture
def application(server: MoothallProcess) -> Application:
    return server.create_application("End to end")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    running = Receiver()
    yield running
    running.close()


@pytest.fixture
def create_room(application: Application, receiver: Receiver) -> Callable[..., dict[str, Any]]:
    """Creates a room through the API, with this test's receiver as its callback addresses."""

    def create(**fields: Any) -> dict[str, Any]:
        body = {
            "display_name": "Weekly",
            "callback_urls": dict.fromkeys(
                ("rooms_callback_url", "sessions_callback_url", "recordings_callback_url"), receiver.url
            ),
            **fields,
        }
        request = Request(  # noqa: S310
            f"{application.url}/v1/meetings/rooms",
            json.dumps(body).encode(),
            {"Authorization": f"Bearer {application.token()}", "Content-Type": "application/json"},
        )
        with urlopen(request) as response:  # noqa: S310
            assert response.status == 201
            room: dict[str, Any] = json.load(response)
            return room

    return create


@pytest.fixture
def person(playwright: Playwright) -> Iterator[Callable[..., Person]]:
    """Yields a factory of participants.

    Their browsers close with the test, and a page error fails it.
    """
    people: list[Person] = []

    def make(name: str, **options: Any) -> Person:
        people.append(Person(playwright, name, **options))
        return people[-1]

    yield make
    problems = {
        person.name: person.problems + person.foreign_requests
        for person in people
        if person.problems or person.foreign_requests
    }
    for someone in people:
        someone.close()
    assert not problems
