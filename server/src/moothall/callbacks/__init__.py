"""Callbacks: what has happened, told to the application.

An event is written in the transaction of the change it tells about (``outbox.record``) and delivered afterwards, at least once and in order
(``delivery.Deliverer``).
"""
