"""Which keys there are."""

import pytest

from moothall.idempotency.model import parse_key


@pytest.mark.parametrize(
    ("header", "key"),
    [
        ("8e03978e-40d5-43e8-bc93-6894a57f9324", "8e03978e-40d5-43e8-bc93-6894a57f9324"),
        ('"8e03978e-40d5-43e8-bc93-6894a57f9324"', "8e03978e-40d5-43e8-bc93-6894a57f9324"),
        (r'"a \"b\" \\ c"', r'a "b" \ c'),
        ("x" * 255, "x" * 255),
        ('"' + "x" * 255 + '"', "x" * 255),
        ('a"b', 'a"b'),
    ],
)
def test_quotes_are_not_part_of_a_key(header: str, key: str):
    assert parse_key(header) == key


@pytest.mark.parametrize(
    "header", ["", '""', '"a', '"a\\n"', "a b", "a, b", "é", "x" * 256, '"' + "x" * 256 + '"', "\x7f"]
)
def test_what_is_no_key(header: str):
    with pytest.raises(ValueError, match="between 1 and 255"):
        parse_key(header)
