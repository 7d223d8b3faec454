"""Feeds: what the people in a session share, as numbered changes in the database."""
