"""Who may enter, who must wait, who may moderate, and what a name may be. Pure."""

import unicodedata
from datetime import datetime
from enum import StrEnum

import regex

from moothall.chat.model import LONGEST_TEXT
from moothall.engine import Admission, Refusal
from moothall.rooms.model import MAX_PARTICIPANTS, JoinApprovalLevel, Room, has_ended
from moothall.sessions.model import Role

LONGEST_NAME = 64
# A name is kept and sent around: 64 graphemes of stacked marks must not become kilobytes.
_MOST_CODE_POINTS = 256

_HIDDEN_CATEGORIES = {"Cc", "Cf", "Cs", "Co"}
# What shows nothing although its category says otherwise: Default_Ignorable_Code_Point but for the emoji style selector, BRAILLE PATTERN
# BLANK, and the ranges that are reserved for more of the kind. Other unassigned characters may be next year's emoji.
_HIDDEN = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2065\u2800\u3164\uffa0")
_HIDDEN_RANGES = (range(0xFDD0, 0xFDF0), range(0xFE00, 0xFE0F), range(0xFFF0, 0xFFF9), range(0xE0000, 0xE1000))
_NONCHARACTER = 0xFFFE
# Characters that turn the direction of what follows, up to the end of a paragraph or beyond: text sets its own direction without them.
_TURNS_DIRECTION = (range(0x202A, 0x202F), range(0x2066, 0x206A))


class WaitReason(StrEnum):
    """Why somebody is not let in yet; the values are those of docs/page-api.md."""

    OWNER_ABSENT = "owner_absent"
    APPROVAL = "approval"


def may_join(room: Room | None, *, others: int, removed: bool, now: datetime) -> Admission | Refusal:
    """Whether one more participant may be in the room, where ``others`` already are. ``removed``: this one was sent away."""
    if room is None:
        return Refusal("unknown_meeting")
    if has_ended(room, now):
        return Refusal("meeting_expired")
    if removed:
        return Refusal("removed")
    if others >= MAX_PARTICIPANTS:
        return Refusal("meeting_full")
    return Admission()


def find_wait_reason(level: JoinApprovalLevel, role: Role, *, owner_inside: bool, admitted: bool) -> WaitReason | None:
    """Why this person must wait before entering; None: needs not. ``admitted``: the owner or the application said yes."""
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


def clean_name(text: str) -> str | None:
    """The name as everybody will see it; None when nothing visible is left of it or it is longer than 64 graphemes.

    NFKC, so that look-alikes of width and font become plain letters; no control, format (bidirectional, zero-width) or private
    characters; one space where there was any whitespace.
    """
    spaced = "".join(" " if character.isspace() else character for character in unicodedata.normalize("NFKC", text))
    visible = "".join(character for character in spaced if not _is_hidden(character))
    # What has lost its neighbour may compose with the next one.
    name = " ".join(unicodedata.normalize("NFKC", visible).split())
    if len(name) > _MOST_CODE_POINTS or len(regex.findall(r"\X", name)) > LONGEST_NAME:
        return None
    return name if any(_is_base(character) for character in name) else None


def may_chat(room: Room) -> bool:
    """Everybody inside may, where the room has chat."""
    return room.available_features.is_chat_available


def clean_message(text: str) -> str | None:
    """A chat message as everybody will see it; None when nothing visible is left of it or it is longer than ``LONGEST_TEXT`` code points.

    Line feeds end lines, at most two of them together; no other control characters, none that turn the direction of writing, no spaces around.
    What joins emoji and letters stays.
    """
    lines = unicodedata.normalize("NFC", "\n".join(regex.split(r"\r\n|[\r\n\v\f\x85\u2028\u2029]", text)))
    spaced = lines.replace("\t", " ")
    kept = "".join(character for character in spaced if character == "\n" or not _is_harmful(character))
    message = regex.sub(r"\n{3,}", "\n\n", regex.sub(r" +\n", "\n", kept)).strip()
    if len(message) > LONGEST_TEXT:
        return None
    return message if any(_is_base(character) and not _is_hidden(character) for character in message) else None


def role_of(attribute: str | None) -> Role:
    """The role in a LiveKit participant's attributes, which only the server sets. Anything but "owner" is a guest."""
    return Role.OWNER if attribute == Role.OWNER.value else Role.GUEST


def _is_hidden(character: str) -> bool:
    code_point = ord(character)
    return (
        unicodedata.category(character) in _HIDDEN_CATEGORIES
        or character in _HIDDEN
        or any(code_point in hidden for hidden in _HIDDEN_RANGES)
        or code_point & _NONCHARACTER == _NONCHARACTER
    )


def _is_harmful(character: str) -> bool:
    code_point = ord(character)
    return (
        unicodedata.category(character) in {"Cc", "Cs"}
        or any(code_point in turning for turning in _TURNS_DIRECTION)
        or code_point & _NONCHARACTER == _NONCHARACTER
    )


def _is_base(character: str) -> bool:
    """Something a mark can stand on: neither a space nor a mark itself."""
    return unicodedata.category(character)[0] not in "MZ"
