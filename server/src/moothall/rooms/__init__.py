"""Rooms: what applications create and people meet in."""
