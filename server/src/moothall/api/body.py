"""JSON request bodies: bounded, parsed strictly, validated, and refused with a sentence for each field.

Bodies are read after the caller is known, so that strangers cannot make us parse anything.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.requests import ClientDisconnect, Request

from moothall.api.errors import BadRequest, InputInvalid, PayloadTooLarge

MAX_BODY_BYTES = 64 * 1024
_MAX_ERRORS = 20
_MAX_SHOWN_KEY = 64

Model = TypeVar("Model", bound=BaseModel)


async def read_body(request: Request, model: type[Model]) -> Model:
    """The body as ``model``. A missing or unusual Content-Type is no reason to refuse: some clients send none.

    Raises PayloadTooLarge, InputInvalid.
    """
    value = parse_json(await _read_bounded(request))
    try:
        return model.model_validate(value)
    except ValidationError as error:
        texts = [describe(problem, problem["loc"]) for problem in error.errors(include_url=False)[:_MAX_ERRORS]]
        raise InputInvalid(texts[0], errors=texts) from None


def parse_json(text: bytes) -> Any:
    """Strict JSON: UTF-8, no duplicate keys, no NaN, no nesting that exhausts the parser, no text that no database can keep.

    Raises InputInvalid.
    """
    try:
        value = _DECODER.decode(text.decode("utf-8"))
        if b"\\u" in text:  # only an escape can smuggle in NUL or half a surrogate pair
            _check_characters(value)
    except (ValueError, RecursionError) as error:
        reason = str(error) if isinstance(error, _DuplicateKey) else "The request body is not valid JSON"
        raise InputInvalid(reason, errors=[reason]) from None
    return value


def describe(problem: Mapping[str, Any], location: Sequence[Any]) -> str:
    """One validation problem as a sentence that begins with the quoted name of the field."""
    name = ".".join(str(part)[:_MAX_SHOWN_KEY] for part in location) or "value"
    return f'"{name}" {_sentence(problem)}'


def _sentence(problem: Mapping[str, Any]) -> str:
    if problem["type"] == "value_error":
        return str(problem["ctx"]["error"])
    sentence = _SENTENCES.get(problem["type"])
    return str(problem["msg"]) if sentence is None else sentence.format(**problem.get("ctx", {}))


_SENTENCES = {
    "missing": "is required",
    "extra_forbidden": "is not allowed",
    "string_type": "must be a string",
    "string_too_long": "length must be less than or equal to {max_length} characters long",
    "too_long": "length must be less than or equal to {max_length} characters long",
    "string_too_short": "is not allowed to be empty",
    "bool_type": "must be a boolean",
    "int_parsing": "must be an integer",
    "int_parsing_size": "must be an integer",
    "int_type": "must be an integer",
    "greater_than_equal": "must be greater than or equal to {ge}",
    "less_than_equal": "must be less than or equal to {le}",
    "model_type": "must be of type object",
    "model_attributes_type": "must be of type object",
}


async def _read_bounded(request: Request) -> bytes:
    try:
        announced = int(request.headers.get("content-length", "0"))
    except ValueError:
        raise BadRequest("Content-Length is not a number") from None
    if announced > MAX_BODY_BYTES:
        raise PayloadTooLarge(f"The request body is larger than {MAX_BODY_BYTES} bytes")
    chunks = bytearray()
    try:
        async for chunk in request.stream():
            chunks += chunk
            if len(chunks) > MAX_BODY_BYTES:
                raise PayloadTooLarge(f"The request body is larger than {MAX_BODY_BYTES} bytes")
    except ClientDisconnect:
        raise BadRequest("The request body is incomplete") from None
    return bytes(chunks)


class _DuplicateKey(ValueError):
    """A key appears twice in one object: parsers disagree about which one counts."""


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in value if keys.count(key) > 1)
        raise _DuplicateKey(f'"{twice[:_MAX_SHOWN_KEY]}" appears twice')
    return value


def _check_characters(value: Any) -> None:
    """Raises ValueError (UnicodeEncodeError is one) for NUL and for half a surrogate pair."""
    if b"\0" in json.dumps(value, ensure_ascii=False).encode().replace(b"\\u0000", b"\0"):
        raise ValueError("NUL is not text")


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


_DECODER = json.JSONDecoder(object_pairs_hook=_without_duplicates, parse_constant=_no_constant)
