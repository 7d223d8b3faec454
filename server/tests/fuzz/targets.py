"""Fuzz targets by name.

A target takes any bytes and fails by an exception; each has a folder of inputs to begin from in
``corpus``.

``request``  what clients send on the signalling socket: binary, JSON, or made field by field
``data``     what clients send on a data channel, relayed to others ``join``     how clients
introduce themselves: path, query, headers and access token, up to the answer of the real routes
``sdp``      the answers that signalling changes for a client ``room``     several people in one
room, each free to say anything at any time, while the SFU reports whatever it likes
"""

from collections.abc import Callable, Mapping

from fuzz import joining, meeting, reading

Target = Callable[[bytes], None]

TARGETS: Mapping[str, Target] = {
    "request": reading.read_request,
    "data": reading.relay_data,
    "join": joining.join,
    "sdp": reading.change_description,
    "room": meeting.meet,
}
