from datetime import timedelta

import pytest
from support.clock import START

from moothall.engine import ParticipantKind
from moothall.kit.names import NameRefused
from moothall.meeting.rules import (
    MAX_MACHINES,
    Admit,
    Crowd,
    Deny,
    Hold,
    Removals,
    Standing,
    WaitReason,
    clean_message,
    clean_name,
    decide,
    find_wait_reason,
    is_person,
    may_chat,
    may_moderate,
    role_of,
)
from moothall.rooms.model import MAX_PARTICIPANTS, AvailableFeatures, JoinApprovalLevel, Room, RoomType
from moothall.sessions.model import Presence, Role


def _room(**fields: object) -> Room:
    defaults = {
        "id": "room-1",
        "application_id": "app-1",
        "display_name": "Weekly",
        "type": RoomType.LONG_TERM,
        "meeting_code": "123456789012",
        "owner_participant_id": "owner",
        "created_at": START,
        "expires_at": START + timedelta(hours=1),
    }
    return Room(**{**defaults, **fields})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("room", "others", "minutes", "verdict"),
    [
        (None, 0, 0, Deny("unknown_meeting")),
        (_room(), 0, 0, Admit()),
        (_room(), 249, 0, Admit()),
        (_room(), 250, 0, Deny("meeting_full")),
        (_room(), 1000, 0, Deny("meeting_full")),
        (_room(), 0, 59, Admit()),
        (_room(), 0, 60, Deny("meeting_expired")),
        (_room(occupied=True), 1, 60, Deny("meeting_expired")),
        (_room(), 250, 60, Deny("meeting_expired")),
        (_room(ended_at=START), 0, 0, Deny("meeting_expired")),
        (_room(type=RoomType.INSTANT, expires_at=None), 0, 9, Admit()),
        (_room(type=RoomType.INSTANT, expires_at=None), 0, 10, Deny("meeting_expired")),
        (_room(type=RoomType.INSTANT, expires_at=None, occupied=True), 1, 10_000, Admit()),
        (_room(expire_after_use=True, vacated_at=START), 0, 9, Admit()),
        (_room(expire_after_use=True, vacated_at=START), 0, 10, Deny("meeting_expired")),
        (_room(vacated_at=START), 0, 10, Admit()),
    ],
)
def test_a_guest_enters_a_room_that_goes_on_and_has_a_place(
    room: Room | None, others: int, minutes: int, verdict: object
) -> None:
    guest = Standing(Role.GUEST, presence=Presence(others=others))
    assert decide(room, guest, Crowd(), START + timedelta(minutes=minutes)) == verdict


REMOVED = Removals(was_removed=True, is_removed=True)
OWNER_REMOVED = Removals(is_owner_removed=True)
EXPLICIT = _room(join_approval_level=JoinApprovalLevel.EXPLICIT_APPROVAL)


@pytest.mark.parametrize(
    ("who", "verdict"),
    [
        (Standing(Role.GUEST, removals=REMOVED), Deny("removed")),
        (Standing(Role.OWNER, removals=REMOVED, presence=Presence(stays=1)), Deny("removed")),
        # The host link of a removed owner makes no new one.
        (Standing(Role.OWNER, removals=OWNER_REMOVED), Deny("removed")),
        (Standing(Role.OWNER, removals=OWNER_REMOVED, presence=Presence(stays=1)), Admit()),
        (Standing(Role.GUEST, removals=OWNER_REMOVED, is_admitted=True), Admit()),
        (Standing(Role.GUEST), Hold(WaitReason.APPROVAL)),
        (Standing(Role.GUEST, is_admitted=True), Admit()),
        (Standing(Role.GUEST, presence=Presence(stays=1)), Admit()),
        (Standing(Role.GUEST, presence=Presence(stays=1, dismissed_at=START)), Hold(WaitReason.APPROVAL)),
        (
            Standing(Role.GUEST, presence=Presence(stays=1), removals=Removals(was_removed=True)),
            Hold(WaitReason.APPROVAL),
        ),
        (Standing(Role.GUEST, is_admitted=True, removals=Removals(was_removed=True)), Hold(WaitReason.APPROVAL)),
    ],
)
def test_where_guests_need_approval(who: Standing, verdict: object) -> None:
    assert decide(EXPLICIT, who, Crowd(), START) == verdict


@pytest.mark.parametrize("kind", list(ParticipantKind))
def test_each_kind_has_its_rule(kind: ParticipantKind) -> None:
    """People wait and need a place.

    Machines of the operator do neither, and are bounded by themselves.
    """
    full = Presence(others=MAX_PARTICIPANTS)
    machine = kind in (ParticipantKind.AGENT, ParticipantKind.EGRESS, ParticipantKind.INGRESS)

    assert is_person(kind) is not machine
    held = decide(EXPLICIT, Standing(Role.GUEST, kind), Crowd(), START)
    assert held == (Admit() if machine else Hold(WaitReason.APPROVAL))
    crowded = decide(_room(), Standing(Role.GUEST, kind, presence=full), Crowd(), START)
    assert crowded == (Admit() if machine else Deny("meeting_full"))
    many = decide(_room(), Standing(Role.GUEST, kind), Crowd(machines=MAX_MACHINES), START)
    assert many == (Deny("meeting_full") if machine else Admit())
    assert decide(_room(), Standing(Role.GUEST, kind, removals=REMOVED), Crowd(), START) == Deny("removed")
    assert decide(_room(ended_at=START), Standing(Role.GUEST, kind), Crowd(), START) == Deny("meeting_expired")


@pytest.mark.parametrize(
    ("who", "crowd", "verdict"),
    [
        # One network holds half of what the others leave.
        (Standing(Role.GUEST), Crowd(arriving=124, nearby=124), Admit()),
        (Standing(Role.GUEST), Crowd(arriving=125, nearby=125), Deny("unavailable")),
        (Standing(Role.GUEST), Crowd(arriving=125, nearby=0), Admit()),
        (Standing(Role.GUEST), Crowd(arriving=250, nearby=0), Deny("meeting_full")),
        (Standing(Role.GUEST, presence=Presence(others=249)), Crowd(), Admit()),
        # Owners, and people who come back, have places of their own.
        (Standing(Role.OWNER), Crowd(arriving=250, nearby=250), Admit()),
        (Standing(Role.OWNER, presence=Presence(others=259)), Crowd(), Admit()),
        (Standing(Role.OWNER, presence=Presence(others=260)), Crowd(), Deny("meeting_full")),
        (Standing(Role.GUEST, presence=Presence(stays=1, others=255)), Crowd(arriving=250), Admit()),
        (Standing(Role.GUEST, presence=Presence(stays=1, open_stays=1, others=400)), Crowd(), Admit()),
    ],
)
def test_places(who: Standing, crowd: Crowd, verdict: object) -> None:
    assert decide(_room(), who, crowd, START) == verdict


@pytest.mark.parametrize(
    ("level", "owner_inside", "reason"),
    [
        (JoinApprovalLevel.NONE, False, None),
        (JoinApprovalLevel.NONE, True, None),
        (JoinApprovalLevel.AFTER_OWNER_ONLY, False, WaitReason.OWNER_ABSENT),
        (JoinApprovalLevel.AFTER_OWNER_ONLY, True, None),
        (JoinApprovalLevel.EXPLICIT_APPROVAL, False, WaitReason.APPROVAL),
        (JoinApprovalLevel.EXPLICIT_APPROVAL, True, WaitReason.APPROVAL),
    ],
)
def test_which_guests_wait(level: JoinApprovalLevel, owner_inside: bool, reason: WaitReason | None) -> None:
    assert find_wait_reason(level, Role.GUEST, owner_inside=owner_inside, admitted=False) is reason
    assert find_wait_reason(level, Role.GUEST, owner_inside=owner_inside, admitted=True) is None
    assert find_wait_reason(level, Role.OWNER, owner_inside=owner_inside, admitted=False) is None


def test_only_the_owner_moderates() -> None:
    assert may_moderate(Role.OWNER)
    assert not may_moderate(Role.GUEST)


@pytest.mark.parametrize("attribute", [None, "", "guest", "OWNER", "owner ", "admin"])
def test_whoever_is_not_marked_as_owner_is_a_guest(attribute: str | None) -> None:
    assert role_of(attribute) is Role.GUEST
    assert role_of("owner") is Role.OWNER


@pytest.mark.parametrize("name", ["x" * 64, "👨\u200d👩\u200d👧\u200d👦" * 36, "é" * 64])
def test_a_name_has_up_to_64_of_what_people_take_for_characters(name: str) -> None:
    assert clean_name(name) == name


@pytest.mark.parametrize("name", ["x" * 65, "👍🏽" * 65, "x" + "\u0336" * 300])
def test_a_longer_name_is_refused(name: str) -> None:
    with pytest.raises(NameRefused, match=r"^length must be less than or equal to"):
        clean_name(name)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("  Good morning  ", "Good morning"),
        ("one\r\ntwo\rthree\u2028four", "one\ntwo\nthree\nfour"),
        ("one\n\n\n \n\ntwo", "one\n\ntwo"),
        ("tab\there", "tab here"),
        ("e\u0301", "é"),
        ("<b>&amp;", "<b>&amp;"),
        ("\u202edrow\u202c a \u2066word\u2069", "drow a word"),
        ("bell\x07 and nul\x00", "bell and nul"),
        ("👩\u200d👩\u200d👧", "👩\u200d👩\u200d👧"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("x" * 2000, "x" * 2000),
    ],
)
def test_a_message_becomes_what_people_see(text: str, message: str) -> None:
    assert clean_message(text) == message
    assert clean_message(message) == message


@pytest.mark.parametrize("text", ["", " \n ", "\u200b\u200d", "\u202e", "\u0301", "x" * 2001, "\x00\ud800"])
def test_nothing_visible_or_too_much_is_no_message(text: str) -> None:
    assert clean_message(text) is None


def test_everybody_chats_where_there_is_chat() -> None:
    assert may_chat(_room())
    assert not may_chat(_room(available_features=AvailableFeatures(is_chat_available=False)))
