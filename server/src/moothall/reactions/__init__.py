"""Reactions: seen for a moment, and not kept."""
