"""Secrets stay out of the log, whichever library writes it."""

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from moothall.kit.logs import configure_logging, redact

TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    """Logging is the process's: give it back as it was."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.mark.parametrize(
    "text",
    [
        f"GET /rtc?access_token={TOKEN}&sdk=js",
        f"Authorization: Bearer {TOKEN}",
        f'{{"url": "/?room_token=1&participant_token={TOKEN}"}}',
        "/?participant_token=not-a-jwt&x=1",
    ],
)
def test_tokens_are_replaced(text: str):
    assert TOKEN not in redact(text)
    assert "not-a-jwt" not in redact(text)
    assert "[token]" in redact(text)


@pytest.mark.parametrize("form", ["json", "console"])
def test_nobody_logs_a_token_or_a_local_variable(form: str, capsys: pytest.CaptureFixture[str]):
    def fail() -> None:
        secret = "hidden-in-a-local-variable"
        raise ValueError(len(secret))

    configure_logging("info", form)  # type: ignore[arg-type]
    structlog.get_logger().info("ours", url=f"/rtc?access_token={TOKEN}")
    logging.getLogger("uvicorn.error").warning("theirs /rtc?access_token=%s", TOKEN)
    logging.getLogger("uvicorn.error").info("never written")
    for logger in (structlog.get_logger(), logging.getLogger("some.library")):
        try:
            fail()
        except ValueError:
            logger.exception("failed")

    written = capsys.readouterr().err
    assert "ours" in written
    assert "theirs" in written
    assert "ValueError" in written
    assert "never written" not in written
    assert TOKEN not in written
    assert "hidden-in-a-local-variable" not in written.replace('secret = "hidden-in-a-local-variable"', "")
    if form == "json":
        assert all(json.loads(line) for line in written.splitlines())


def test_level_is_kept(capsys: pytest.CaptureFixture[str]):
    configure_logging("warning", "json")

    structlog.get_logger().info("quiet")
    structlog.get_logger().warning("loud")

    written = capsys.readouterr().err
    assert "quiet" not in written
    assert "loud" in written


def test_a_line_for_machines_says_when_and_how_bad(capsys: pytest.CaptureFixture[str]):
    configure_logging("info", "json")

    structlog.get_logger().warning("low_disk", free=b"none", half="\ud800")

    line = json.loads(capsys.readouterr().err)
    assert line["timestamp"].endswith("Z")
    assert (line["event"], line["level"], line["free"], line["half"]) == ("low_disk", "warning", "b'none'", "\ud800")
