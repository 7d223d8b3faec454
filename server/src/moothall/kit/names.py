"""Names of people, rooms and themes: shown as written, except spoofing and invisible characters.

A name is shown in Normalization Form C (UAX #15), which changes no letter, sign or vowel. Invisible
characters are removed except where writing needs them: joiners between letters (UAX #31, section
2.3.1, rules A1, A2 and B), what holds an emoji together (UTS #51), and variation selectors behind
the characters that have variants (UTS #37). Characters that turn the direction of writing are
refused rather than removed: what is left without them would read differently. Form KC folds letters
that look alike; it is for comparing names, and never shown.
"""

import unicodedata
from functools import cache

import regex

# Bidi_Control of the Unicode Character Database: marks, embeddings, overrides and isolates.
_TURNS_DIRECTION = regex.compile(r"\p{Bidi_Control}")
# White space, and characters that look like it although they are letters or symbols.
_BLANK = regex.compile(r"[\s\p{Zs}\p{Zl}\p{Zp}\u2800\u3164\uffa0]+")
_REPEATED_JOINER = regex.compile(r"([\u200c\u200d])[\u200c\u200d]+")
_VIRAMA = r"\p{Canonical_Combining_Class=9}"
_LETTER_AND_VIRAMA = rf"\p{{L}}\p{{M}}{{0,8}}{_VIRAMA}[\p{{M}}--\p{{Canonical_Combining_Class=0}}]{{0,8}}"
_EMOJI = r"[\p{Extended_Pictographic}\p{Emoji_Modifier_Base}]\p{Emoji_Modifier}?"
_TAG = r"[\U000e0030-\U000e0039\U000e0061-\U000e007a]"
# Each pattern starts at the invisible character, so visible ones cost nothing, and looks back over
# a bounded number of marks.
_NEEDED = (
    # A1: a break between two letters that would join, as in Persian.
    (
        r"\u200c(?<=[\p{Joining_Type=L}\p{Joining_Type=D}]\p{Joining_Type=T}{0,8}\u200c)"
        r"(?=\p{Joining_Type=T}{0,8}[\p{Joining_Type=R}\p{Joining_Type=D}])"
    ),
    # A2: a conjunct that is not formed, as in Hindi.
    rf"\u200c(?<={_LETTER_AND_VIRAMA}\u200c)(?=\p{{M}}{{0,8}}\p{{L}})",
    # B: a conjunct that is formed, as in Sinhala, and the half letters and chillus of Malayalam.
    rf"\u200d(?<={_LETTER_AND_VIRAMA}\u200d)(?!\p{{Indic_Syllabic_Category=Vowel_Dependent}})",
    # A joiner before the virama: ya-phalaa in Bengali, touching letters in Sinhala.
    rf"\u200d(?<=\p{{L}}\p{{M}}{{0,8}}\u200d)(?={_VIRAMA}\p{{L}})",
    # Emoji: ZWJ sequences, presentation, keycaps, and flags of regions.
    rf"\u200d(?<={_EMOJI}\ufe0f?\u200d)(?=\p{{Extended_Pictographic}})",
    r"[\ufe0e\ufe0f](?<=[\p{Emoji}--[0-9#*]]\p{Emoji_Modifier}?[\ufe0e\ufe0f])",
    r"\ufe0f(?<=[0-9#*]\ufe0f)(?=\u20e3)",
    rf"{_TAG}(?<=\U0001f3f4.){_TAG}{{0,5}}\U000e007f",
    # Variants of Han characters (UTS #37), and those of other letters and symbols.
    r"[\ufe00-\ufe02\U000e0100-\U000e01ef](?<=\p{Script=Han}.)",
    r"[\ufe00-\ufe0d](?<=[[\p{L}\p{N}\p{S}\p{P}]--\p{Script=Latin}--\p{Script=Han}].)",
    r"[\u180b-\u180d\u180f](?<=\p{Script=Mongolian}.)",
    r"\u180e(?<=\p{Script=Mongolian}.)(?=\p{Script=Mongolian})",
    # Jamo without one of their halves, and marks that must not be reordered.
    r"\u115f(?=[\u1160-\u11a7])|\u1160(?<=[\u1100-\u115f].)",
    r"\u034f(?<=\p{M}.)(?=\p{M})",
)
_INVISIBLE = r"[\p{Default_Ignorable_Code_Point}\p{Cc}\p{Co}\p{Cs}\p{Noncharacter_Code_Point}\ufff9-\ufffb]"
_KEPT_OR_DROPPED = regex.compile(rf"(?V1)({'|'.join(_NEEDED)})|{_INVISIBLE}")
_IGNORABLE = regex.compile(r"\p{Default_Ignorable_Code_Point}")
# A visible character: neither a space nor a mark without a base letter.
_VISIBLE = regex.compile(r"(?V1)[^\p{M}\p{Z}\p{Cc}\p{Cs}\p{Co}\p{Default_Ignorable_Code_Point}]")
_MARKS_AND_SIGNS = regex.compile(r"[^\p{L}\p{N}]+")
_GRAPHEME = regex.compile(r"\X")


class NameRefused(ValueError):
    """The text is not a valid name. The message is a predicate; its subject is the field's name."""


def clean_name(text: str, *, longest: int, most_graphemes: int | None = None) -> str:
    """Return the name as displayed, with single spaces between words and none around them.

    ``longest`` is in code points, ``most_graphemes`` in user-perceived characters. Raises
    NameRefused.
    """
    # Bounds the work: no honest name has that many more code points than visible characters.
    if len(text) > 4 * longest:
        raise NameRefused(_too_long(longest))
    if _TURNS_DIRECTION.search(text):
        raise NameRefused("must not contain characters that change the direction of writing")
    name = _without_invisible(_BLANK.sub(" ", text))
    if not _VISIBLE.search(name):
        raise NameRefused("must have at least one visible character")
    if len(name) > longest:
        raise NameRefused(_too_long(longest))
    if most_graphemes is not None and len(_GRAPHEME.findall(name)) > most_graphemes:
        raise NameRefused(_too_long(most_graphemes))
    return name


def is_visible(text: str) -> bool:
    """Return whether the text has visible characters; marks alone and spaces are not."""
    return _VISIBLE.search(_BLANK.sub(" ", text)) is not None


def comparable(name: str) -> str:
    """Return a key that is equal for confusable names (UAX #31, R4 and R5). Never show it."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    return unicodedata.normalize("NFKC", _IGNORABLE.sub("", folded))


def skeleton(name: str) -> str:
    """Return a key that is equal for names that look alike (UTS #39, section 4). Never show it.

    Coarser than the skeleton of UTS #39: letters and digits alone count, without case and marks, so
    that neither a dot nor an accent makes another name.
    """
    look = _prototypes()
    text = unicodedata.normalize("NFKC", name)
    # Once more in small letters, because a capital looks like others than its small letter does.
    for _ in range(2):
        letters = _MARKS_AND_SIGNS.sub("", unicodedata.normalize("NFKD", text))
        text = unicodedata.normalize("NFKC", "".join(look.get(letter, letter) for letter in letters).casefold())
    return text


@cache
def _prototypes() -> dict[str, str]:
    """For each character with lookalikes the one text that stands for all of them.

    The data give pairs of characters, or of a character and a sequence such as ``rn``.
    """
    # Large, so it is loaded when the first name is compared.
    from confusable_homoglyphs.confusables import confusables_data  # noqa: PLC0415

    groups: dict[str, list[str]] = {}
    for one, others in confusables_data.items():
        for other in (entry["c"] for entry in others):
            first, second = groups.setdefault(one, [one]), groups.setdefault(other, [other])
            if first is not second:
                first.extend(second)
                groups.update(dict.fromkeys(second, first))
    return {one: min(group, key=_plainness) for one, group in groups.items() if len(one) == 1}


def _plainness(text: str) -> tuple[bool, bool, int, str]:
    """Sequences first, since their letters stay as they are, then letters of ASCII."""
    return (not text.isascii(), not text.isalpha(), -len(text), text.casefold())


def _without_invisible(text: str) -> str:
    """Remove invisible characters that are not needed in their place, until nothing changes."""
    while True:
        kept: str = _KEPT_OR_DROPPED.sub(r"\1", _REPEATED_JOINER.sub(r"\1", unicodedata.normalize("NFC", text)))
        kept = " ".join(kept.split())
        if kept == text:
            return kept
        text = kept


def _too_long(most: int) -> str:
    return f"length must be less than or equal to {most} characters long"
