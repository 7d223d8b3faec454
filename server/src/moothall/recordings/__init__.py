"""Recordings of sessions, and the expiring links to their files."""
