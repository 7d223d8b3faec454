"""JSON from untrusted clients (RFC 8259): strict parsing in linear time.

Beyond the standard library, it rejects duplicate keys in an object, ``NaN`` and ``Infinity``,
numbers beyond the range of a double, text that no database can store (escaped NUL and lone
surrogates), and too many objects, keys or levels.
"""

import itertools
import json
import math
from collections.abc import Callable
from typing import Any

_MAX_SHOWN_KEY = 64
# Far more than any of our bodies and tokens needs, and far less than would exhaust the stack or
# take milliseconds to validate.
_MAX_DEPTH = 64
_MAX_KEYS = 1_000
_MAX_OBJECTS = 2_000


class InvalidJson(ValueError):
    """This module rejects the text. The message may be shown to the sender."""


class DuplicateKey(InvalidJson):
    """A key appears twice in one object; parsers disagree about which one counts."""


class TooComplex(InvalidJson):
    """The text has too many objects, keys or levels. The message is a predicate: "has more …"."""


def parse_json(text: bytes) -> Any:
    """Return the value of this JSON text, which must be UTF-8. Raises InvalidJson."""
    try:
        decoder = _DECODER if text.count(b"{") <= _MAX_OBJECTS else _counting_decoder()
        value = decoder.decode(text.decode("utf-8"))
    except InvalidJson:
        raise
    except (ValueError, RecursionError) as error:
        raise InvalidJson("not valid JSON") from error
    # NUL and lone surrogates need an escape, and deep nesting needs many brackets.
    if b"\\u" in text or text.count(b"[") + text.count(b"{") > _MAX_DEPTH:
        _check(value)
    return value


def is_storable(text: str) -> bool:
    """Return whether every database can store this text: it has no NUL and no lone surrogates."""
    if "\0" in text:
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _check(value: Any) -> None:
    """Raise InvalidJson for text that no database can store, and for nesting that is too deep."""
    level = [value]
    for _ in range(_MAX_DEPTH):
        below: list[Any] = []
        for part in level:
            if isinstance(part, str):
                _check_text(part)
            elif isinstance(part, dict):
                _check_text("".join(part))
                below.extend(part.values())
            elif isinstance(part, list):
                below.extend(part)
        if not below:
            return
        level = below
    raise TooComplex(f"is nested more than {_MAX_DEPTH} levels deep")


def _check_text(text: str) -> None:
    if not is_storable(text):
        raise InvalidJson("contains NUL or a lone surrogate")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        seen = set()
        for key, _ in pairs:
            if key in seen:
                raise DuplicateKey(f'"{key[:_MAX_SHOWN_KEY]}" appears twice')
            seen.add(key)
    if len(pairs) > _MAX_KEYS:
        raise TooComplex(f"has an object with more than {_MAX_KEYS} keys")
    return value


def _finite(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise InvalidJson("a number is too large")
    return value


def _constant(name: str) -> Any:
    raise InvalidJson(f"{name} is not JSON")


def _decoder(hook: Callable[[list[tuple[str, Any]]], dict[str, Any]]) -> json.JSONDecoder:
    return json.JSONDecoder(object_pairs_hook=hook, parse_float=_finite, parse_constant=_constant)


def _counting_decoder() -> json.JSONDecoder:
    numbers = itertools.count(1)

    def count(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if next(numbers) > _MAX_OBJECTS:
            raise TooComplex(f"has more than {_MAX_OBJECTS} objects")
        return _object(pairs)

    return _decoder(count)


_DECODER = _decoder(_object)
