"""Durable timers.

Later work is a row, written in the transaction that makes it necessary.

See docs/decisions/0005-job-table.md.
"""
