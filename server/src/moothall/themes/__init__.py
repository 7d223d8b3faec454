"""Themes: how the rooms of an application look.

Colours and texts, logos, and the company's part of a room's links.
"""
