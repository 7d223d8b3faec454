"""Moothall: the Meetings API that you host yourself."""

__version__ = "0.1.0"
