"""Accounts, the applications they own, and the keys that applications sign with."""
