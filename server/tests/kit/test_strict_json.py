import itertools
import json
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moothall.kit.strict_json import DuplicateKey, InvalidJson, TooComplex, is_storable, parse_json

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64) | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(TEXT, inner, max_size=5),
    max_leaves=30,
)


def two_letters(count: int) -> list[str]:
    return ["".join(letters) for letters in itertools.islice(itertools.product(string.ascii_letters, repeat=3), count)]


@given(value=VALUES, escape=st.booleans())
def test_whatever_any_writer_writes_is_read_as_it_was(value: object, escape: bool) -> None:
    assert parse_json(json.dumps(value, ensure_ascii=escape).encode()) == value


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b"'a'",
        b"NaN",
        b"-Infinity",
        b"1e999999",
        b"-1e400",
        b"[" + b"9" * 400 + b".5]",
        b"9" * 65_536,
        b'"\xff"',
        b'"\\ud800"',
        b'"\\udfff"',
        b'{"\\ud800": 1}',
        b'[{"a": ["\\u0000"]}]',
        b'{"a\\u0000": 1}',
        b'"a\x00"',
        b"[" * 65_536,
        b'{"a":' * 13_000,
        b"[" * 65 + b"]" * 65,
        b"[" * 900 + b"]" * 900,
        b"\xef\xbb\xbf{}",
    ],
)
def test_what_no_reader_should_take_is_refused(text: bytes) -> None:
    with pytest.raises(InvalidJson):
        parse_json(text)


def test_a_key_that_appears_twice_is_named() -> None:
    keys = two_letters(9_300)
    text = b"{" + b",".join(b'"%s":1' % key.encode() for key in [*keys, keys[-1]]) + b"}"

    with pytest.raises(DuplicateKey, match=f'"{keys[-1]}" appears twice'):
        parse_json(text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"{" + b",".join(b'"%s":1' % key.encode() for key in two_letters(1_001)) + b"}", "1000 keys"),
        (b"[" + b"{}," * 2_000 + b"{}]", "2000 objects"),
        (b"[" * 65 + b"1" + b"]" * 65, "64 levels"),
    ],
)
def test_more_than_anybody_needs_is_refused(text: bytes, reason: str) -> None:
    with pytest.raises(TooComplex, match=reason):
        parse_json(text)


def test_as_much_as_is_allowed_is_read() -> None:
    assert len(parse_json(b"{" + b",".join(b'"%s":1' % key.encode() for key in two_letters(1_000)) + b"}")) == 1_000
    assert len(parse_json(b"[" + b"{}," * 1_999 + b"{}]")) == 2_000
    assert parse_json(b'{"text": "' + b"{[" * 20_000 + b'"}')["text"] == "{[" * 20_000
    assert parse_json(b"[" * 63 + b"1" + b"]" * 63)


@pytest.mark.parametrize(("text", "storable"), [("", True), ("é😀", True), ("a\0", False), ("\ud83d", False)])
def test_what_a_database_can_store(text: str, storable: bool) -> None:
    assert is_storable(text) is storable
