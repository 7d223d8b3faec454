"""The room machine.

``room`` decides which part an event concerns; each of the others is one part with its own state.
"""

from moothall.signalling.room.room import Room

__all__ = ["Room"]
