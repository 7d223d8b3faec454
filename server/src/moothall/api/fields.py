"""Field types shared by request bodies: they parse client input or say what is wrong with it."""

import re
from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum
from functools import partial
from typing import Annotated, Any, Self, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictStr,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)

from moothall.kit.clock import to_milliseconds
from moothall.kit.ids import is_uuid
from moothall.kit.names import clean_name

_TIMESTAMP = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?\s?(?:([Zz])|([+-])(\d\d):?(\d\d)?)?",
    re.ASCII,
)
# Patterns use the dialect common to JSON Schema and Python, so that the reference states exactly
# what is accepted.
LINE_PATTERN = r"^[^\u0000-\u001f\u007f-\u009f]+$"
TEXT_PATTERN = r"^[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]*$"
_H16 = "[0-9a-fA-F]{1,4}"
_IPV6 = "|".join(
    [
        f"(?:{_H16}:){{7}}{_H16}",
        f"(?:{_H16}:){{1,7}}:",
        *(f"(?:{_H16}:){{1,{7 - rest}}}(?::{_H16}){{1,{rest}}}" for rest in range(1, 7)),
        f":(?::{_H16}){{1,7}}",
    ]
)
PORT_PATTERN = "(?:6553[0-5]|655[0-2][0-9]|65[0-4][0-9]{2}|6[0-4][0-9]{3}|[1-5][0-9]{4}|[1-9][0-9]{0,3})"
_NAME = r"[a-zA-Z0-9_-]+(?:\.[a-zA-Z0-9_-]+)*"
HOST_PATTERN = rf"(?:{_NAME}|\[(?:{_IPV6})\])"
# RFC 3986, appendix A.
_REST = "(?:[a-zA-Z0-9._~!$&'()*+,;=:@/?-]|%[0-9a-fA-F]{2})*"
WEB_ADDRESS_PATTERN = (
    rf"^[hH][tT][tT][pP][sS]?://(?:{_NAME}\.?|\[(?:{_IPV6})\])(?::{PORT_PATTERN})?(?:[/?]{_REST})?(?:#{_REST})?$"
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_CONTROL_BUT_SPACES = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_WEB_ADDRESS = re.compile(WEB_ADDRESS_PATTERN.removeprefix("^").removesuffix("$"))
_MAX_URL_LENGTH = 2048

Choice = TypeVar("Choice", bound=StrEnum)


class StrictBody(BaseModel):
    """A part of a request body: unknown keys are refused."""

    model_config = ConfigDict(extra="forbid")

    def given(self) -> dict[str, Any]:
        """Return the keys that the client sent; a group becomes a dictionary of its sent keys."""
        values = {name: getattr(self, name) for name in self.model_fields_set}
        return {name: value.given() if isinstance(value, StrictBody) else value for name, value in values.items()}


class SomeChanges(StrictBody):
    """Changes to an object: at least one key."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    @model_validator(mode="after")
    def _something_given(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("must have at least 1 key")
        return self


def accept_update_options(value: Any) -> Any:
    """Accept ``update_options``, which one SDK sends, as ``update_details``."""
    if isinstance(value, dict) and "update_options" in value and "update_details" not in value:
        return {"update_details" if name == "update_options" else name: item for name, item in value.items()}
    return value


def parse_timestamp(text: str) -> datetime:
    """Parse an ISO 8601 date into UTC, cut to whole milliseconds.

    A space may replace ``T``; seconds, fraction and zone are optional; no zone means UTC. Raises
    ValueError.
    """
    match = _TIMESTAMP.fullmatch(text.strip())
    if match is None:
        raise ValueError("must be a valid ISO 8601 date")
    year, month, day, hour, minute, second, fraction, _utc, sign, zone_hours, zone_minutes = match.groups()
    try:
        offset = timedelta(hours=int(zone_hours or 0), minutes=int(zone_minutes or 0))
        moment = datetime(
            int(year),
            int(month),
            int(day),
            int(hour),
            int(minute),
            int(second or 0),
            int((fraction or "").ljust(6, "0")[:6]),
            timezone(-offset if sign == "-" else offset),
        )
        return to_milliseconds(moment.astimezone(UTC))
    except (ValueError, OverflowError):
        raise ValueError("must be a valid ISO 8601 date") from None


def choice_of(choices: type[Choice], *, required: bool = False) -> Any:
    """Return an annotation for fields of type ``choices | None``, which accepts any letter case.

    For a required field the type is ``choices`` alone.
    """
    by_name = {choice.value: choice for choice in choices}
    allowed = ", ".join(by_name)

    def parse(value: Any) -> Any:
        if value is None and not required:
            return None
        if isinstance(value, str) and (choice := by_name.get(value.lower())):
            return choice
        raise ValueError(f"must be one of [{allowed}]")

    return BeforeValidator(parse, json_schema_input_type=choices if required else choices | None)


def shown_within(longest: int) -> Any:
    """Return the validator of a ``ShownName`` with a maximum length in code points."""
    return AfterValidator(partial(clean_name, longest=longest))


def _parse_moment(value: Any) -> datetime:
    if not isinstance(value, str):
        raise ValueError("must be a valid ISO 8601 date")  # noqa: TRY004 - pydantic reports ValueError
    return parse_timestamp(value)


def _one_line(value: str) -> str:
    if _CONTROL.search(value):
        raise ValueError("must not contain control characters")
    return value


def _no_controls(value: str) -> str:
    if _CONTROL_BUT_SPACES.search(value):
        raise ValueError("must not contain control characters")
    return value


def _web_address(value: str) -> str:
    """Validate an http or https URL with a host.

    Its address is checked when a callback is sent, because names may resolve differently by then.
    """
    if not _WEB_ADDRESS.fullmatch(value):
        if "@" in value.partition("://")[2].partition("/")[0]:
            raise ValueError("must not contain a user name or password")
        raise ValueError("must be a valid uri with a scheme matching the http|https pattern")
    return value


def _lower_uuid(value: str) -> str:
    if not is_uuid(value.lower()):
        raise ValueError("must be a valid GUID")
    return value.lower()


Moment = Annotated[
    datetime,
    BeforeValidator(_parse_moment),
    WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2027-01-31T12:00:00.000Z"]}),
]
Line = Annotated[
    StrictStr,
    StringConstraints(min_length=1),
    AfterValidator(_one_line),
    Field(json_schema_extra={"pattern": LINE_PATTERN}),
]
# A display name, see ``kit.names``; used with StringConstraints(max_length=…) and shown_within(…).
ShownName = Annotated[
    StrictStr,
    StringConstraints(min_length=1),
    AfterValidator(_one_line),
    Field(json_schema_extra={"pattern": LINE_PATTERN, "format": "shown-name"}),
]
Text = Annotated[StrictStr, AfterValidator(_no_controls), Field(json_schema_extra={"pattern": TEXT_PATTERN})]
WebAddress = Annotated[
    StrictStr,
    StringConstraints(max_length=_MAX_URL_LENGTH),
    AfterValidator(_web_address),
    WithJsonSchema({"type": "string", "format": "uri", "maxLength": _MAX_URL_LENGTH, "pattern": WEB_ADDRESS_PATTERN}),
]
Uuid = Annotated[StrictStr, AfterValidator(_lower_uuid), WithJsonSchema({"type": "string", "format": "uuid"})]
