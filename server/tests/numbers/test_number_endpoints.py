"""``/dial-in-numbers`` as a client sees it."""

from pathlib import Path

import pytest
from support.clock import FakeClock
from support.server import RunningServer, running_server

from moothall.settings import SettingsInvalid, load_settings

NUMBERS = [
    {"number": "17323338801", "locale": "en-US", "display_name": "United States"},
    {"number": "+49 30 1234567", "locale": "de-DE", "display_name": "Deutschland"},
]
TOML = """
[[dial_in_numbers]]
number = "17323338801"
locale = "en-US"
display_name = "United States"

[[dial_in_numbers]]
number = "+49 30 1234567"
locale = "de-DE"
display_name = "Deutschland"
"""


async def test_a_server_without_numbers_has_an_empty_list(server: RunningServer):
    response = await server.http.get("/v1/meetings/dial-in-numbers")

    assert (response.status_code, response.json()) == (200, [])


@pytest.mark.parametrize("prefix", ["/v1/meetings", "/meetings", "/beta/meetings"])
async def test_the_configured_numbers_are_told_to_everybody(
    prefix: str, tmp_path: Path, sqlite_template: Path, clock: FakeClock
):
    async with running_server(tmp_path, sqlite_template, clock, dial_in_numbers=NUMBERS) as server:
        response = await server.http.get(f"{prefix}/dial-in-numbers")

    assert (response.status_code, response.json()) == (200, NUMBERS)


def test_numbers_are_read_from_a_file(tmp_path: Path):
    config = tmp_path / "moothall.toml"
    config.write_text(TOML)

    assert [number.model_dump() for number in load_settings(config).dial_in_numbers] == NUMBERS


def test_numbers_are_read_from_a_variable(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(
        "MOOTHALL_DIAL_IN_NUMBERS", '[{"number": "17323338801", "locale": "en-US", "display_name": "USA"}]'
    )

    (number,) = load_settings().dial_in_numbers

    assert number.display_name == "USA"


@pytest.mark.parametrize(
    "value", ["17323338801", "[{}]", '[{"number": "x", "locale": "en", "display_name": "x"}]', "[", '{"a": 1}']
)
def test_unusable_numbers_are_named(monkeypatch: pytest.MonkeyPatch, value: str):
    monkeypatch.setenv("MOOTHALL_DIAL_IN_NUMBERS", value)

    with pytest.raises(SettingsInvalid, match="dial_in_numbers"):
        load_settings()
