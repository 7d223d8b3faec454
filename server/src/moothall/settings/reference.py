"""Writes docs/settings.md from the settings.

``python -m moothall.settings.reference > docs/settings.md``.
"""

import sys
import textwrap
import types
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Le, MaxLen
from pydantic import SecretStr
from pydantic.fields import FieldInfo

from moothall.settings.fields import PREFIX, Settings

_INTRODUCTION = """# Settings

<!-- Generated from server/src/moothall/settings/fields.py: `make settings-docs`. -->

Every setting is a `MOOTHALL_*` variable and a key of a TOML file (`--config FILE`, or
`MOOTHALL_CONFIG`), and all but the secrets and the lists of tables are options of `moothall serve`.
The option wins over the variable, the variable over the file that `MOOTHALL_…_FILE` names (it
holds the value, for secrets that a container mounts), that over the TOML file. An unknown key of
the TOML file ends the start with a sentence; an unknown `MOOTHALL_*` variable is logged.
"""
_TYPES = {int: "whole number", float: "number", bool: "`true` or `false`", Path: "path", SecretStr: "secret text"}


def reference() -> str:
    """The page, in Markdown."""
    return "\n".join([_INTRODUCTION, *(_section(name, field) for name, field in Settings.model_fields.items())])


def has_flag(field: FieldInfo) -> bool:
    """Whether the setting is an option of ``serve``."""
    extra = field.json_schema_extra
    return not isinstance(extra, dict) or extra.get("flag") is not False


def kind_of(field: FieldInfo) -> Any:
    """The type of the setting, without None."""
    if get_origin(field.annotation) in (Union, types.UnionType):
        return next(kind for kind in get_args(field.annotation) if kind is not types.NoneType)
    return field.annotation


def default_text(field: FieldInfo) -> str | None:
    """The default as it would be written on the command line; None when there is none."""
    value = field.default
    if value is None or value == ():
        return None
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _section(name: str, field: FieldInfo) -> str:
    names = [f"`{PREFIX}{name.upper()}`"] + ([f"`--{name.replace('_', '-')}`"] if has_flag(field) else [])
    default = default_text(field)
    facts = [_type_text(field), *([] if default is None else [f"default `{default}`"])]
    named = f"{', '.join(names)}: {', '.join(facts)}."
    return f"## {name}\n\n{_wrapped(field.description or '')}\n\n{_wrapped(named)}\n"


def _wrapped(text: str) -> str:
    return "\n".join(textwrap.wrap(text, 100, break_long_words=False, break_on_hyphens=False))


def _type_text(field: FieldInfo) -> str:
    kind = kind_of(field)
    if get_origin(kind) is Literal:
        return " or ".join(f"`{choice}`" for choice in get_args(kind))
    if get_origin(kind) is tuple:
        most = next((item.max_length for item in field.metadata if isinstance(item, MaxLen)), None)
        return "list" if most is None else f"list of at most {most}"
    text = _TYPES.get(kind, "text")
    limits = {type(item): item for item in field.metadata}
    if Ge in limits and Le in limits:
        text += f" from {limits[Ge].ge} to {limits[Le].le}"
    return text


if __name__ == "__main__":
    sys.stdout.write(reference())
