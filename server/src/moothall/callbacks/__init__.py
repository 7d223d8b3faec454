"""Callbacks: events sent to the application.

An event is written in the transaction of the change it reports (``outbox.record``) and delivered
afterwards, at least once and in order (``delivery.Deliverer``).
"""
