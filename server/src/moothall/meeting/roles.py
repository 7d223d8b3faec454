"""The role of a person in a meeting: that of their link, or the one a host has given them since.

Tokens outlive sessions, and a promotion does not: so a token says that its role was given, and the
session says whether it still is.
"""

from collections.abc import Mapping

from moothall.db import Connection
from moothall.engine import PROMOTED_ATTRIBUTE, ROLE_ATTRIBUTE
from moothall.feeds import store as feeds
from moothall.feeds.model import STATE
from moothall.meeting import rules
from moothall.meeting.rights import HOST
from moothall.sessions.model import Role


def is_promoted(connection: Connection, room_id: str, participant_id: str) -> bool:
    """Whether a host made this participant one in the session that goes on in the room."""
    return bool(feeds.values_in(connection, room_id, STATE, (HOST + participant_id, "", "")))


def was_promoted(connection: Connection, room_id: str, participant_id: str) -> bool:
    """Whether a host ever made this participant one in the session that goes on in the room."""
    return feeds.had_value(connection, room_id, STATE, HOST + participant_id)


def find_role(connection: Connection, room_id: str, participant_id: str, attributes: Mapping[str, str]) -> Role:
    """The role of somebody with these LiveKit attributes, in the session that goes on."""
    role = rules.role_of(attributes.get(ROLE_ATTRIBUTE))
    if role is Role.OWNER and not attributes.get(PROMOTED_ATTRIBUTE):
        return role
    return Role.OWNER if is_promoted(connection, room_id, participant_id) else Role.GUEST


def attributes_of(role: Role, *, promoted: bool) -> dict[str, str]:
    """An empty value takes an attribute away."""
    return {ROLE_ATTRIBUTE: role.value, PROMOTED_ATTRIBUTE: "true" if promoted else ""}
