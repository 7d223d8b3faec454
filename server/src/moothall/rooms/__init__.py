"""Rooms, which applications create for people to meet in."""
