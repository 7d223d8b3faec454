"""Rules of the meeting: who enters, waits and moderates, and which names are allowed. Pure."""

import math
import unicodedata
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

import regex

from moothall.chat.model import LONGEST_TEXT
from moothall.engine import ParticipantKind, RefusalReason
from moothall.kit import names
from moothall.meeting.rights import Right
from moothall.rooms.model import MAX_PARTICIPANTS, JoinApprovalLevel, Room, has_ended
from moothall.sessions.model import Presence, Role

LONGEST_NAME = 64
# Agents, recorders and streams in one room.
MAX_MACHINES = 16
# Beyond the room's limit, for owners and for people who come back.
RESERVED_PLACES = 10
_MACHINES = frozenset({ParticipantKind.AGENT, ParticipantKind.EGRESS, ParticipantKind.INGRESS})
# A name is kept and sent around: 64 graphemes of stacked marks must not become kilobytes.
_MOST_CODE_POINTS = 256

_NONCHARACTER = 0xFFFE
# Characters that turn the direction of what follows, up to the end of a paragraph or beyond: text
# sets its own direction without them.
_TURNS_DIRECTION = (range(0x202A, 0x202F), range(0x2066, 0x206A))


class WaitReason(StrEnum):
    """Why somebody is not let in yet; the values are those of docs/page-api.md."""

    OWNER_ABSENT = "owner_absent"
    APPROVAL = "approval"


@dataclass(frozen=True, slots=True)
class Removals:
    """The memory of people who were removed from a room.

    ``was_removed``: this participant was, be it over or not; ``is_removed``: and it is in force.
    ``is_owner_removed``: some owner's removal is in force.
    """

    was_removed: bool = False
    is_removed: bool = False
    is_owner_removed: bool = False


@dataclass(frozen=True, slots=True)
class Standing:
    """A person who wants to enter a room, and what is known of them.

    ``is_admitted``: an owner or the application let them in, for the session that goes on or the
    next. ``is_proven``: a token says that they are this participant; a host link alone does not.
    ``presence``: see ``sessions.model.Presence``. ``rights``: what the hosts leave them.
    ``is_locked``: a host lets nobody new in.
    """

    role: Role
    kind: ParticipantKind = ParticipantKind.STANDARD
    removals: Removals = field(default_factory=Removals)
    is_admitted: bool = False
    is_proven: bool = True
    presence: Presence = field(default_factory=Presence)
    rights: frozenset[Right] = frozenset(Right)
    is_locked: bool = False

    @property
    def is_known(self) -> bool:
        """Let in to, or has been inside, the session that goes on, and not sent away."""
        has_been_inside = self.presence.stays > 0 and self.presence.dismissed_at is None
        return self.is_proven and (self.is_admitted or has_been_inside) and not self.removals.was_removed

    @property
    def is_sent_away(self) -> bool:
        """Removed.

        An owner's removal holds for the host link, too: it makes a new participant each time.
        """
        is_stranger = self.role is Role.OWNER and not self.is_known
        return self.removals.is_removed or (is_stranger and self.removals.is_owner_removed)


@dataclass(frozen=True, slots=True)
class Crowd:
    """Participants on their way: they may connect and have no media yet.

    ``arriving``: people other than the one in question; ``nearby``: those of them from the same
    network. ``machines``: the machines inside or on their way.
    """

    arriving: int = 0
    nearby: int = 0
    machines: int = 0


@dataclass(frozen=True, slots=True)
class Admit:
    """May connect now."""


@dataclass(frozen=True, slots=True)
class Hold:
    """Has to wait first."""

    reason: WaitReason


@dataclass(frozen=True, slots=True)
class Deny:
    """May not connect."""

    reason: RefusalReason


Verdict = Admit | Hold | Deny


def is_person(kind: ParticipantKind) -> bool:
    """Whether it is somebody who attends, or a machine of the operator.

    See "Kinds" in docs/page-api.md.
    """
    return kind not in _MACHINES


def decide(room: Room | None, who: Standing, crowd: Crowd, now: datetime) -> Verdict:
    """Whether somebody may enter the room.

    Asked for a join ticket, by those who wait, and again at each connection.
    """
    if room is None:
        return Deny("unknown_meeting")
    if has_ended(room, now):
        return Deny("meeting_expired")
    if who.is_sent_away:
        return Deny("removed")
    if not is_person(who.kind):
        return Admit() if crowd.machines < MAX_MACHINES else Deny("meeting_full")
    return _let_in(room, who, crowd)


def _let_in(room: Room, who: Standing, crowd: Crowd) -> Verdict:
    if who.is_locked and who.role is Role.GUEST and not who.is_known:
        return Deny("locked")
    reason = find_wait_reason(
        room.join_approval_level, who.role, owner_inside=who.presence.owners > 0, admitted=who.is_known
    )
    if reason is not None:
        return Hold(reason)
    return _find_place(who, crowd)


def _find_place(who: Standing, crowd: Crowd) -> Verdict:
    inside = who.presence.others
    if who.is_proven and who.presence.open_stays:
        return Admit()
    if who.role is Role.OWNER or who.is_known:
        return Admit() if inside < MAX_PARTICIPANTS + RESERVED_PLACES else Deny("meeting_full")
    if inside + crowd.arriving >= MAX_PARTICIPANTS:
        return Deny("meeting_full")
    # Connections without media from one network may hold half of the places that people of other
    # networks leave.
    left = MAX_PARTICIPANTS - inside - (crowd.arriving - crowd.nearby)
    return Admit() if crowd.nearby < math.ceil(left / 2) else Deny("unavailable")


def find_wait_reason(level: JoinApprovalLevel, role: Role, *, owner_inside: bool, admitted: bool) -> WaitReason | None:
    """Why this person must wait before entering; None: needs not.

    ``admitted``: see ``Standing.is_known``.
    """
    if role is Role.OWNER or admitted:
        return None
    match level:
        case JoinApprovalLevel.NONE:
            return None
        case JoinApprovalLevel.AFTER_OWNER_ONLY:
            return None if owner_inside else WaitReason.OWNER_ABSENT
        case JoinApprovalLevel.EXPLICIT_APPROVAL:
            return WaitReason.APPROVAL


def may_moderate(role: Role) -> bool:
    """Ending the session for everybody, and letting people in, is the owner's."""
    return role is Role.OWNER


def clean_name(text: str) -> str:
    """Return the name of a person as everybody will see it. Raises names.NameRefused."""
    return names.clean_name(text, longest=_MOST_CODE_POINTS, most_graphemes=LONGEST_NAME)


def may_chat(room: Room) -> bool:
    """Everybody inside may, where the room has chat."""
    return room.available_features.is_chat_available


def clean_message(text: str) -> str | None:
    """A chat message as everybody will see it.

    None when nothing visible is left of it or it is longer than ``LONGEST_TEXT`` code points.

    Line feeds end lines, at most two of them together; no other control characters, none that turn
    the direction of writing, no spaces around. What joins emoji and letters stays.
    """
    lines = unicodedata.normalize("NFC", "\n".join(regex.split(r"\r\n|[\r\n\v\f\x85\u2028\u2029]", text)))
    spaced = lines.replace("\t", " ")
    kept = "".join(character for character in spaced if character == "\n" or not _is_harmful(character))
    message = regex.sub(r"\n{3,}", "\n\n", regex.sub(r" +\n", "\n", kept)).strip()
    if len(message) > LONGEST_TEXT:
        return None
    return message if names.is_visible(message) else None


def role_of(attribute: str | None) -> Role:
    """The role in a LiveKit participant's attributes, which only the server sets.

    Anything but "owner" is a guest.
    """
    return Role.OWNER if attribute == Role.OWNER.value else Role.GUEST


def _is_harmful(character: str) -> bool:
    code_point = ord(character)
    return (
        unicodedata.category(character) in {"Cc", "Cs"}
        or any(code_point in turning for turning in _TURNS_DIRECTION)
        or code_point & _NONCHARACTER == _NONCHARACTER
    )
