"""Accounts, the applications they own, and the keys applications sign with."""
