"""The error of everything that cannot be read."""


class MalformedMessage(Exception):
    """A client sent what cannot be read or exceeds a limit.

    ``str()`` says what, without quoting it.
    """
