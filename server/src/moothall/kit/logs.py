"""Logs on stderr: one event a line, JSON for machines or coloured text for a terminal. Tokens never get into it."""

import json
import logging
import re
import sys
from collections.abc import Callable, Mapping, MutableMapping
from datetime import UTC, datetime
from typing import Any, Literal

import orjson
import structlog
from structlog.typing import Processor

from moothall.kit.clock import render_timestamp

# Three base64url parts that begin like a JSON object: a JWT, wherever it hides.
_TOKEN = re.compile(r"eyJ[\w-]{8,}\.[\w-]+\.[\w-]+|(?<=_token=)[^\s&\"']+")
_MARKS_OF_TOKENS = ("eyJ", "_token=")
_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


_EXCEPTIONS = structlog.processors.ExceptionRenderer(structlog.tracebacks.ExceptionDictTransformer(show_locals=False))
_LEVEL_OF_METHOD = {"warn": "warning", "exception": "error"}


def configure_logging(level: str, form: Literal["auto", "console", "json"]) -> None:
    """Set up our own log and that of the libraries; call it once, before anything logs."""
    console = form == "console" or (form == "auto" and sys.stderr.isatty())
    # Tracebacks without the values of local variables: those may be secrets.
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
    # Libraries tell too much below a warning: uvicorn writes query strings, which hold tokens.
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)


def redact(text: str) -> str:
    """The text with every token replaced."""
    # To look for the marks costs a tenth of what the pattern does, and hardly any line has one.
    return _TOKEN.sub("[token]", text) if any(mark in text for mark in _MARKS_OF_TOKENS) else text


def _render_json(logger: Any, method: str, event: MutableMapping[str, Any]) -> str:
    """What the processors for libraries do one after the other: every request has a line, and each processor is a call."""
    event["level"] = _LEVEL_OF_METHOD.get(method, method)
    event["timestamp"] = render_timestamp(datetime.now(UTC))
    if "exc_info" in event:
        event = dict(_EXCEPTIONS(logger, method, event))
    return redact(_json_line(event, repr))


def _json_line(event: Mapping[str, Any], default: Callable[[Any], Any]) -> str:
    try:
        return orjson.dumps(event, default=default).decode()
    except TypeError:
        # Half a surrogate pair, or a key that is no text: what went wrong is to be read all the same.
        return json.dumps(event, default=default)


def _redact(_logger: Any, _method: str, event: MutableMapping[str, Any] | str) -> str:
    return redact(str(event))
