"""Keeps access tokens and link secrets out of the server's logs."""

import logging

# uvicorn's sans-IO driver says this as an error after every orderly refusal of a WebSocket, which
# the 404 of /rtc/v1 is.
_FALSE_ALARM = "ASGI callable returned without completing handshake."


class QueryRedactor(logging.Filter):
    """Cuts the query string off every path in an access-log record.

    Tokens travel there, because browsers cannot send headers with a WebSocket.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        if record.msg == _FALSE_ALARM:
            return False
        if isinstance(record.args, tuple):
            record.args = tuple(_cut(argument) for argument in record.args)
        return True


def redact_queries() -> None:
    """Install the filter where uvicorn logs requests and WebSocket handshakes.

    May be called twice.
    """
    for name in ("uvicorn.access", "uvicorn.error", "uvicorn.asgi"):
        logger = logging.getLogger(name)
        if not any(isinstance(known, QueryRedactor) for known in logger.filters):
            logger.addFilter(QueryRedactor())


def _cut(argument: object) -> object:
    if isinstance(argument, str) and argument.startswith("/") and "?" in argument:
        return argument.partition("?")[0] + "?…"
    return argument
