"""Recordings: what was kept of a session, and the links under which its application can load it."""
