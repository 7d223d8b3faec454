"""The server process around the application: its lock, certificate, sockets and signals."""


class StartRefused(Exception):
    """The server cannot run like this; the message is a sentence that says why and what to do."""
