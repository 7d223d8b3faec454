"""Locked meetings, which let nobody new in; the gate enforces it."""
