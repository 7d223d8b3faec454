"""Rooms and their lifetime.

A room is open from its creation until its deadline:

* an instant room: ten minutes after its creation or after the last participant left, whichever is
  later; none while people are inside;
* a long-term room: ``expires_at``; with ``expire_after_use`` also ten minutes after the last
  participant left, whichever is earlier.

Entering and leaving change ``occupied`` and ``vacated_at``; ``ended_at`` marks the end, which is
final.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

IDLE_LIFETIME = timedelta(minutes=10)
SHORTEST_NOTICE = timedelta(minutes=10)
MAX_ROOMS = 1000
MAX_PARTICIPANTS = 250
MAX_DISPLAY_NAME = 200
MAX_METADATA = 500


class RoomType(StrEnum):
    INSTANT = "instant"
    LONG_TERM = "long_term"


class RoomState(StrEnum):
    OPEN = "open"
    ENDED = "ended"


class RoomOrder(StrEnum):
    OLDEST = "oldest"
    NEWEST = "newest"


@dataclass(frozen=True, slots=True)
class RoomChoice:
    """Which rooms are in a list, and in which order. None: all.

    ``name`` is a part of the display name; the case of the letters A to Z does not matter.
    """

    name: str | None = None
    type: RoomType | None = None
    state: RoomState | None = None
    order: RoomOrder = RoomOrder.OLDEST


class JoinApprovalLevel(StrEnum):
    NONE = "none"
    AFTER_OWNER_ONLY = "after_owner_only"
    EXPLICIT_APPROVAL = "explicit_approval"


class MicrophoneState(StrEnum):
    ON = "on"
    OFF = "off"
    DEFAULT = "default"


class Language(StrEnum):
    DEFAULT = "default"
    AR = "ar"
    CA = "ca"
    DE = "de"
    EN = "en"
    ES = "es"
    FR = "fr"
    HE = "he"
    IT = "it"
    PT = "pt"
    PT_BR = "pt-br"
    ZH_TW = "zh-tw"
    ZH_CN = "zh-cn"


@dataclass(frozen=True, slots=True)
class RecordingOptions:
    auto_record: bool = False
    record_only_owner: bool = False


@dataclass(frozen=True, slots=True)
class InitialJoinOptions:
    microphone_state: MicrophoneState = MicrophoneState.DEFAULT


@dataclass(frozen=True, slots=True)
class CallbackUrls:
    rooms_callback_url: str | None = None
    sessions_callback_url: str | None = None
    recordings_callback_url: str | None = None


@dataclass(frozen=True, slots=True)
class AvailableFeatures:
    is_recording_available: bool = True
    is_chat_available: bool = True
    is_whiteboard_available: bool = True
    is_locale_switcher_available: bool = True
    is_captions_available: bool = False


@dataclass(frozen=True, slots=True)
class UiSettings:
    language: Language = Language.DEFAULT


@dataclass(frozen=True, slots=True)
class Room:
    """A room as stored.

    ``expires_at`` is set for long-term rooms; ``serial`` orders rooms and is 0 until stored.

    ``short_company_url`` is a part of the room's links and belongs to the theme in effect, not to
    the room: saving a room does not change it.
    """

    id: str
    application_id: str
    display_name: str
    type: RoomType
    meeting_code: str
    owner_participant_id: str
    created_at: datetime
    metadata: str | None = None
    expires_at: datetime | None = None
    expire_after_use: bool = False
    join_approval_level: JoinApprovalLevel = JoinApprovalLevel.NONE
    theme_id: str | None = None
    recording_options: RecordingOptions = field(default_factory=RecordingOptions)
    initial_join_options: InitialJoinOptions = field(default_factory=InitialJoinOptions)
    callback_urls: CallbackUrls = field(default_factory=CallbackUrls)
    available_features: AvailableFeatures = field(default_factory=AvailableFeatures)
    ui_settings: UiSettings = field(default_factory=UiSettings)
    occupied: bool = False
    vacated_at: datetime | None = None
    ended_at: datetime | None = None
    short_company_url: str | None = None
    serial: int = 0


def deadline(room: Room) -> datetime | None:
    """Return when the room ends if nobody enters or leaves; None: not before somebody leaves."""
    idle_since = None if room.occupied else room.vacated_at
    if room.type is RoomType.INSTANT:
        return None if room.occupied else (idle_since or room.created_at) + IDLE_LIFETIME
    if room.expires_at is None:
        raise ValueError(f"long-term room {room.id} without expires_at")
    if room.expire_after_use and idle_since is not None:
        return min(room.expires_at, idle_since + IDLE_LIFETIME)
    return room.expires_at


def has_ended(room: Room, now: datetime) -> bool:
    """Return whether the room has ended, even if its timer has not run yet."""
    if room.ended_at is not None:
        return True
    end = deadline(room)
    return end is not None and end <= now


def shown_expiry(room: Room) -> datetime | None:
    """Return ``expires_at`` of the API.

    For an instant room it is the current deadline, None while people are inside.
    """
    if room.type is RoomType.LONG_TERM:
        return room.expires_at
    return room.ended_at or deadline(room)


def enter(room: Room) -> Room:
    """Return the room after the first participant entered."""
    return replace(room, occupied=True)


def leave(room: Room, now: datetime) -> Room:
    """Return the room after the last participant left."""
    return replace(room, occupied=False, vacated_at=now)


def end(room: Room, now: datetime) -> Room:
    """Return the ended room; it ended at its deadline if that has passed, else now."""
    due = deadline(room)
    return replace(room, ended_at=now if due is None else min(due, now))


def check_expiry(expires_at: datetime, now: datetime) -> str | None:
    """Return the error in the ``expires_at`` of a long-term room, or None."""
    if expires_at <= now + SHORTEST_NOTICE:
        return '"expires_at" must be more than 10 minutes in the future'
    if expires_at > a_year_after(now):
        return '"expires_at" must be at most one year in the future'
    return None


def a_year_after(now: datetime) -> datetime:
    """Return the same date and time next year; 1 March for 29 February."""
    try:
        return now.replace(year=now.year + 1)
    except ValueError:
        return now.replace(year=now.year + 1, month=3, day=1)


def apply_changes(room: Room, changes: Mapping[str, Any]) -> Room:
    """Return the room with these fields changed.

    Groups of options change key by key; None resets a field or a key to its default.
    """
    values = {}
    for name, value in changes.items():
        if name in _GROUPS:
            group = getattr(room, name)
            values[name] = type(group)() if value is None else _merge(group, value)
        else:
            values[name] = _DEFAULTS.get(name) if value is None else value
    return replace(room, **values)


_GROUPS = {"recording_options", "initial_join_options", "callback_urls", "available_features", "ui_settings"}
_DEFAULTS = {"expire_after_use": False, "join_approval_level": JoinApprovalLevel.NONE}


def _merge(group: Any, changes: dict[str, Any]) -> Any:
    """Return a group of options with some keys changed; None resets a key to its default."""
    defaults = type(group)()
    return replace(
        group, **{name: getattr(defaults, name) if value is None else value for name, value in changes.items()}
    )
