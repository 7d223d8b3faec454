"""LiveKit's signalling, decided in pure code (docs/protocol.md).

Rooms, and the conversation with each participant.
"""
