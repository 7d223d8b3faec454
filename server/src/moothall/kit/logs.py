"""Logs on stderr: one event per line, as JSON or as coloured text for a terminal.

Tokens are removed.
"""

import contextlib
import json
import logging
import os
import re
import sys
from collections.abc import Callable, Mapping, MutableMapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, TextIO

import orjson
import structlog
from structlog.typing import Processor

from moothall.kit.clock import render_timestamp

# A JWT anywhere in a text: three base64url parts that begin like a JSON object.
_TOKEN = re.compile(r"eyJ[\w-]{8,}\.[\w-]+\.[\w-]+|(?<=_token=)[^\s&\"']+")
_MARKS_OF_TOKENS = ("eyJ", "_token=")
_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


_EXCEPTIONS = structlog.processors.ExceptionRenderer(structlog.tracebacks.ExceptionDictTransformer(show_locals=False))
_LEVEL_OF_METHOD = {"warn": "warning", "exception": "error"}


def configure_logging(level: str, form: Literal["auto", "console", "json"]) -> None:
    """Configure our log and those of the libraries; call it once, before the first log event."""
    console = form == "console" or (form == "auto" and sys.stderr.isatty())
    # Tracebacks without local variables, which may be secrets.
    renderer: Processor = (
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
        if console
        else structlog.processors.JSONRenderer(serializer=_json_line)
    )
    shared: list[Processor] = [
        structlog.stdlib.add_log_level if console else structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="%H:%M:%S" if console else "iso", utc=not console),
    ]
    ours: list[Processor] = [*shared, renderer, _redact]
    if not console:
        shared.append(_EXCEPTIONS)
        ours = [_render_json]
    structlog.configure(
        processors=ours,
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer, _redact],
            foreign_pre_chain=[*shared, structlog.stdlib.add_logger_name],
        )
    )
    # Below warnings, libraries log too much: uvicorn logs query strings, which hold tokens.
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)


class _Unfailing:
    """A text stream that drops what cannot be written."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        with contextlib.suppress(OSError, ValueError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def outlive_stderr() -> None:
    """Go on when stderr cannot be written: it is a full disk or a closed pipe, or there is none."""
    stream = sys.stderr or Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - as long as the process
    sys.stderr = _Unfailing(stream)


def redact(text: str) -> str:
    """Return the text with every token replaced."""
    # Searching for the prefix costs a tenth of the pattern match, and hardly any line has it.
    return _TOKEN.sub("[token]", text) if any(mark in text for mark in _MARKS_OF_TOKENS) else text


def _render_json(logger: Any, method: str, event: MutableMapping[str, Any]) -> str:
    """Process library events in one function, because every separate processor costs a call."""
    event["level"] = _LEVEL_OF_METHOD.get(method, method)
    event["timestamp"] = render_timestamp(datetime.now(UTC))
    if "exc_info" in event:
        event = dict(_EXCEPTIONS(logger, method, event))
    return redact(_json_line(event, repr))


def _json_line(event: Mapping[str, Any], default: Callable[[Any], Any]) -> str:
    try:
        return orjson.dumps(event, default=default).decode()
    except TypeError:
        # Lone surrogates and keys that are not text must not hide the event.
        return json.dumps(event, default=default)


def _redact(_logger: Any, _method: str, event: MutableMapping[str, Any] | str) -> str:
    return redact(str(event))
