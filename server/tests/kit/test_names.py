"""Names are shown as people write them."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moothall.kit.names import NameRefused, clean_name, comparable

ZWNJ, ZWJ = "\u200c", "\u200d"
# Names and words whose spelling needs more than letters, in Normalization Form C.
SPELLED = {
    "Sinhala, conjuncts": "ප්\u200dරියන්ත ශ්\u200dරී",
    "Sinhala, touching letters": "ක\u200d්ෂ",
    "Malayalam, chillu": "അവന്\u200d",
    "Malayalam, no conjunct": "കമ്\u200cപനി",
    "Persian": "علی\u200cرضا",
    "Persian, a verb": "می\u200cخواهم",
    "Hindi, no conjunct": "क्\u200cष",
    "Hindi, a half letter": "लक्ष्\u200dमी",
    "Hindi": "नरेन्द्र",
    "Bengali, ya-phalaa": "র\u200d্যাচেল",
    "Bengali": "রবীন্দ্রনাথ",
    "Tamil": "தமிழ்",
    "Telugu": "కృష్ణ",
    "Kannada": "ಲಕ್ಷ್ಮೀ",
    "Thai, sara am": "น้ำทิพย์ ทำ",
    "Lao, am": "ຄຳ ນ້ຳ",
    "Khmer": "ខ្មែរ",
    "Burmese": "မြန်မာ",
    "Tibetan": "བསྟན་འཛིན",
    "Arabic": "عائشة",
    "Urdu": "علی\u200cگڑھ",
    "Hebrew, points": "אַבְרָהָם",
    "Mongolian": "ᠮᠣᠩᠭᠣᠯ",
    "Mongolian, a variant": "ᠰ᠋ᠠᠷ\u180eᠠ",
    "Chinese": "阿达",
    "Japanese, a variant": "葛\U000e0100城",
    "Japanese, half width": "ｱﾀﾞ",
    "Korean": "김연아",
    "Vietnamese": "Nguyễn",
    "Latin, full width": "Ａｄａ",
    "Latin, mathematical": "𝓐𝓭𝓪",
    "Latin, ligature": "ﬁ",
    "signs": "Acme™ ½ № ² Ⅷ ®",
    "apostrophe": "O’Brien",
    "markup": "<b>Ada</b>",
    "family": "👨\u200d👩\u200d👧\u200d👦",
    "skin tones": "👩🏽\u200d🚒 🧑🏻\u200d🤝\u200d🧑🏿 👍🏿",
    "hearts": "👩\u200d❤\ufe0f\u200d💋\u200d👨",
    "flag": "🇱🇰🇩🇪",
    "rainbow flag": "🏳\ufe0f\u200d🌈 🏳\ufe0f\u200d⚧\ufe0f",
    "flag of a region": "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",
    "keycap": "1\ufe0f\u20e3",
    "presentation": "☀\ufe0f ☀\ufe0e",
    "newer emoji": "🐻\u200d❄\ufe0f ⛓\ufe0f\u200d💥",
}


def clean(text: str) -> str:
    return clean_name(text, longest=256)


@pytest.mark.parametrize("script", SPELLED)
def test_a_name_stays_as_it_is_spelled(script: str) -> None:
    assert clean(SPELLED[script]) == SPELLED[script]
    assert clean(f" {SPELLED[script]}\u200b\n") == SPELLED[script]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("  Ada \t Lovelace\n", "Ada Lovelace"),
        ("Ada\u00a0\u2003\u3000Lovelace", "Ada Lovelace"),
        ("e\u0301", "é"),
        ("\u0e4d\u0e32", "\u0e4d\u0e32"),
        ("A\u200bd\u200c\u200da\ufeff", "Ada"),
        ("A\u00add\u2060a", "Ada"),
        ("A\u0000\u0007\u001bda\u007f", "Ada"),
        ("A\ud800da", "Ada"),
        ("A\ue000da\U000f0000", "Ada"),
        ("A\U000e0041da\U000e007f", "Ada"),
        ("A\uffffda\ufdd0", "Ada"),
        ("\u3164Ada\u115f\u2800", "Ada"),
        ("Ada\ufe0f", "Ada"),
        ("🏴\U000e0067", "🏴"),
        ("علی\u200c\u200c\u200cرضا", "علی\u200cرضا"),
        ("a\u200d\u0301", "á"),
    ],
)
def test_what_nobody_sees_is_left_out(text: str, name: str) -> None:
    assert clean(text) == name


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "\t\n\u00a0\u2003",
        "\u200b\u200c\u200d\ufeff",
        "\u3164",
        "\u2800",
        "\u0301 \u0302",
        "\ufe0f",
        "\x00",
        "\U000e0041",
    ],
)
def test_a_name_that_does_not_show_is_refused(text: str) -> None:
    with pytest.raises(NameRefused, match=r"^must have at least one visible character$"):
        clean(text)


@pytest.mark.parametrize("code_point", [0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)])
def test_a_name_that_turns_the_direction_is_refused(code_point: int) -> None:
    with pytest.raises(NameRefused, match=r"^must not contain characters that change the direction of writing$"):
        clean(f"Ada{chr(code_point)}gro.live")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ada", "ＡＤＡ"),
        ("Straße", "STRASSE"),
        ("Acme™", "acmetm"),
        ("علی\u200cرضا", "علیرضا"),
        ("e\u0301", "É"),
        ("ﬁ", "FI"),
    ],
)
def test_names_that_people_take_for_the_same_compare_as_equal(one: str, other: str) -> None:
    assert comparable(one) == comparable(other)


def test_other_names_do_not_compare_as_equal() -> None:
    assert len({comparable(name) for name in ("Ada", "Adá", "Adam", "Ада", "阿达")}) == 5


_BLOCKS = {
    "Sinhala": (0x0D80, 0x0DFF),
    "Malayalam": (0x0D00, 0x0D7F),
    "Persian and Arabic": (0x0620, 0x06D3),
    "Thai": (0x0E01, 0x0E4E),
    "Lao": (0x0E81, 0x0EDF),
    "Hindi": (0x0900, 0x097F),
    "Bengali": (0x0980, 0x09FF),
    "Hangul": (0xAC00, 0xD7A3),
    "symbols": (0x2100, 0x214F),
    "emoji": (0x1F600, 0x1F64F),
}


@pytest.mark.parametrize("block", _BLOCKS)
@given(data=st.data())
def test_no_letter_sign_or_vowel_of_a_script_is_changed(block: str, data: st.DataObject) -> None:
    low, high = _BLOCKS[block]
    character = st.characters(min_codepoint=low, max_codepoint=high, categories=("L", "M", "N", "S"))
    letter = st.characters(min_codepoint=low, max_codepoint=high, categories=("L", "S"))
    words = data.draw(st.lists(st.builds(str.__add__, letter, st.text(character, max_size=8)), min_size=1, max_size=4))
    name = unicodedata.normalize("NFC", " ".join(words))

    assert clean(name) == name


_NASTY = st.text(
    st.one_of(
        st.characters(),
        st.sampled_from(
            "\u200b\u200d\u200c\ufeff\u3164\u2800\u0301\ufe0f\u034f\U000e0041\U000e0067\U000e007f \t\u3000Åﬁ👩🏽🏴क्ئعシ葛\U000e0100\u1160"
        ),
    ),
    max_size=60,
)


@given(text=_NASTY)
def test_a_name_hides_nothing_and_is_the_same_when_it_comes_again(text: str) -> None:
    try:
        name = clean(text)
    except NameRefused:
        return
    assert clean(name) == name == unicodedata.normalize("NFC", name) == " ".join(name.split())
    assert not any(unicodedata.category(character) in {"Cc", "Cs", "Co", "Zl", "Zp"} for character in name)
    assert not set(name) & set("\u200b\u2060\ufeff\u00ad\u3164\u2800")
    assert ZWJ * 2 not in name
    assert ZWNJ * 2 not in name
    assert name[0] not in (ZWJ, ZWNJ)
