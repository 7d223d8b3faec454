"""Idempotent requests: the ``Idempotency-Key`` header."""
