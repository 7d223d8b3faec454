import unicodedata
from datetime import timedelta

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st
from support.clock import START

from moothall.engine import Admission, Refusal
from moothall.meeting.rules import (
    LONGEST_NAME,
    WaitReason,
    clean_message,
    clean_name,
    find_wait_reason,
    may_chat,
    may_join,
    may_moderate,
    role_of,
)
from moothall.rooms.model import AvailableFeatures, JoinApprovalLevel, Room, RoomType
from moothall.sessions.model import Role


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
        (None, 0, 0, Refusal("unknown_meeting")),
        (_room(), 0, 0, Admission()),
        (_room(), 249, 0, Admission()),
        (_room(), 250, 0, Refusal("meeting_full")),
        (_room(), 1000, 0, Refusal("meeting_full")),
        (_room(), 0, 59, Admission()),
        (_room(), 0, 60, Refusal("meeting_expired")),
        (_room(occupied=True), 1, 60, Refusal("meeting_expired")),
        (_room(), 250, 60, Refusal("meeting_expired")),
        (_room(ended_at=START), 0, 0, Refusal("meeting_expired")),
        (_room(type=RoomType.INSTANT, expires_at=None), 0, 9, Admission()),
        (_room(type=RoomType.INSTANT, expires_at=None), 0, 10, Refusal("meeting_expired")),
        (_room(type=RoomType.INSTANT, expires_at=None, occupied=True), 1, 10_000, Admission()),
        (_room(expire_after_use=True, vacated_at=START), 0, 9, Admission()),
        (_room(expire_after_use=True, vacated_at=START), 0, 10, Refusal("meeting_expired")),
        (_room(vacated_at=START), 0, 10, Admission()),
    ],
)
def test_who_may_join(room: Room | None, others: int, minutes: int, verdict: object) -> None:
    assert may_join(room, others=others, removed=False, now=START + timedelta(minutes=minutes)) == verdict


def test_who_was_removed_may_not_join() -> None:
    assert may_join(_room(), others=0, removed=True, now=START) == Refusal("removed")


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


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Ada", "Ada"),
        ("  Ada \t Lovelace\n", "Ada Lovelace"),
        ("Ada\u00a0\u2003\u3000Lovelace", "Ada Lovelace"),
        ("Ａｄａ", "Ada"),
        ("𝓐𝓭𝓪", "Ada"),
        ("e\u0301", "é"),
        ("Ada\u202egro.live", "Adagro.live"),
        ("\u2066Ada\u2069", "Ada"),
        ("A\u200bd\u200c\u200da\ufeff", "Ada"),
        ("A\u00add\u2060a", "Ada"),
        ("A\u0000\u0007\u001bda\u007f\u0085", "Ada"),
        ("A\ud800da", "Ada"),
        ("A\ue000da\U000f0000", "Ada"),
        ("A\U000e0041da\U000e007f", "Ada"),
        ("A\uffffda\ufdd0", "Ada"),
        ("\u3164Ada\u115f\u2800", "Ada"),
        ("Ада", "Ада"),
        ("अदिति", "अदिति"),
        ("عائشة", "عائشة"),
        ("阿达", "阿达"),
        ("Ada 👍🏽", "Ada 👍🏽"),
        ("🇩🇪", "🇩🇪"),
        ("☀\ufe0f", "☀\ufe0f"),
        ("<b>Ada</b>", "<b>Ada</b>"),
        ("x" * 64, "x" * 64),
        ("é" * 64, "é" * 64),
        ("👍🏽" * 64, "👍🏽" * 64),
    ],
)
def test_a_name_becomes_what_people_see(text: str, name: str) -> None:
    assert clean_name(text) == name


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "\t\n\u00a0\u2003",
        "\u200b\u200c\u200d\ufeff",
        "\u202e",
        "\u3164",
        "\u2800",
        "\u0301",
        "\u0301 \u0302",
        "\ufe0f",
        "\x00",
        "\ud800",
        "\U000e0041",
        "x" * 65,
        "👍🏽" * 65,
        "x" + "\u0336" * 300,
    ],
)
def test_nothing_visible_or_too_much_is_no_name(text: str) -> None:
    assert clean_name(text) is None


_nasty = st.text(
    st.one_of(
        st.characters(),
        st.sampled_from(
            "\u202a\u202e\u2066\u2069\u200b\u200d\u200e\ufeff\u061c\u3164\u2800\u0301\ufe0f\U000e0041 \t\u3000Åﬁ"
        ),
    ),
    max_size=80,
)


@given(text=_nasty)
def test_no_name_hides_anything(text: str) -> None:
    name = clean_name(text)

    if name is None:
        return
    assert name == unicodedata.normalize("NFKC", name)
    assert clean_name(name) == name
    assert name == " ".join(name.split())
    assert not any(unicodedata.category(character) in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"} for character in name)
    assert 1 <= len(regex.findall(r"\X", name)) <= LONGEST_NAME
    assert len(name.encode()) <= 1024


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
