"""JSON request bodies: bounded, strictly parsed and validated, with one error sentence per field.

The API reads a body once the caller is authenticated. The page's calls read bodies of anonymous
clients, so parsing and validation take time linear in the length of the body, whatever it contains.
"""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.requests import ClientDisconnect, Request

from moothall.api.errors import BadRequest, InputInvalid, PayloadTooLarge
from moothall.kit import strict_json

MAX_BODY_BYTES = 64 * 1024
_MAX_ERRORS = 20
_MAX_SHOWN_KEY = 64

Model = TypeVar("Model", bound=BaseModel)


async def read_body(request: Request, model: type[Model]) -> Model:
    """Read the body, at most MAX_BODY_BYTES, and validate it as ``model``.

    Any Content-Type is accepted, because some clients send none. Raises PayloadTooLarge,
    InputInvalid, and BadRequest when the body is incomplete.
    """
    value = parse_json(await read_bytes(request, MAX_BODY_BYTES))
    try:
        return model.model_validate(value)
    except ValidationError as error:
        texts = [describe(problem, problem["loc"]) for problem in error.errors(include_url=False)[:_MAX_ERRORS]]
        raise InputInvalid(texts[0], errors=texts) from None


def parse_json(text: bytes) -> Any:
    """The value of a JSON body, read by kit.strict_json. Raises InputInvalid."""
    try:
        return strict_json.parse_json(text)
    except strict_json.DuplicateKey as error:
        reason = str(error)
    except strict_json.TooComplex as error:
        reason = f"The request body {error}"
    except strict_json.InvalidJson:
        reason = "The request body is not valid JSON"
    raise InputInvalid(reason, errors=[reason])


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


async def read_bytes(request: Request, limit: int) -> bytes:
    """Read a body of at most ``limit`` bytes.

    Raises PayloadTooLarge, and BadRequest when it is incomplete.
    """
    try:
        announced = int(request.headers.get("content-length", "0"))
    except ValueError:
        raise BadRequest("Content-Length is not a number") from None
    if announced > limit:
        raise PayloadTooLarge(f"The request body is larger than {limit} bytes")
    chunks = bytearray()
    try:
        async for chunk in request.stream():
            chunks += chunk
            if len(chunks) > limit:
                raise PayloadTooLarge(f"The request body is larger than {limit} bytes")
    except ClientDisconnect:
        raise BadRequest("The request body is incomplete") from None
    return bytes(chunks)
