"""Reads the settings.

The command line wins over the variable, the variable over the file that a ``MOOTHALL_*_FILE``
variable names, that over the TOML file, the TOML file over the default.
"""

import difflib
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from moothall.settings.fields import PREFIX, Settings

_CONFIG = f"{PREFIX}CONFIG"
_MAX_SECRET_FILE_BYTES = 64 * 1024
_MAX_CONFIG_BYTES = 1024 * 1024


class SettingsInvalid(Exception):
    """The configuration cannot be used; the message names the settings and says why."""


def load_settings(config: Path | None = None, **flags: Any) -> Settings:
    """Read the settings. ``flags`` are the command line's; None means the flag was not given.

    Raises SettingsInvalid.
    """
    if config is None and (from_environment := os.environ.get(_CONFIG)):
        config = Path(from_environment)
    files = (_values_from_files(os.environ), {} if config is None else _read_toml(config))
    chosen: type[Settings] = type(
        "Settings", (Settings,), {"_values_of_files": files, "__module__": Settings.__module__}
    )
    try:
        return chosen(**{name: value for name, value in flags.items() if value is not None})
    except ValidationError as error:
        unknown_are_from = "" if config is None else f" in {config}"
        raise SettingsInvalid("\n".join(_explain(one, unknown_are_from) for one in error.errors())) from None
    except ValueError as error:
        raise SettingsInvalid(str(error)) from None


def unknown_variables(environment: Mapping[str, str]) -> list[str]:
    """``MOOTHALL_*`` variables that set nothing, each with the name that was probably meant.

    For a warning.
    """
    names = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}
    known = names | {f"{name}_FILE" for name in names} | {_CONFIG}
    unknown = sorted(name for name in environment if name.startswith(PREFIX) and name not in known)
    return [f"{name} is not a setting{_suggestion(name, known)}" for name in unknown]


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            return tomllib.loads(file.read(_MAX_CONFIG_BYTES).decode())
    except FileNotFoundError:
        raise SettingsInvalid(f"the configuration file {path} does not exist") from None
    except OSError as error:
        raise SettingsInvalid(f"the configuration file {path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise SettingsInvalid(f"the configuration file {path} is not UTF-8 text") from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsInvalid(f"the configuration file {path} is not valid TOML: {error}") from None


def _values_from_files(environment: Mapping[str, str]) -> dict[str, str]:
    found = {}
    for name in Settings.model_fields:
        variable = f"{PREFIX}{name.upper()}_FILE"
        if path := environment.get(variable):
            try:
                with Path(path).open(encoding="utf-8") as file:
                    found[name] = file.read(_MAX_SECRET_FILE_BYTES).strip()
            except OSError as error:
                raise SettingsInvalid(f"{variable}: {path} cannot be read: {error.strerror}") from None
            except UnicodeDecodeError:
                raise SettingsInvalid(f"{variable}: {path} is not UTF-8 text") from None
    return found


def _explain(error: Mapping[str, Any], unknown_are_from: str) -> str:
    # Never the input: it may be a secret.
    name = ".".join(map(str, error["loc"])) or "settings"
    if error["type"] == "extra_forbidden":
        return f"{name}: unknown setting{unknown_are_from}{_suggestion(name, Settings.model_fields)}"
    return f"{name}: {error['msg'].removeprefix('Value error, ')}"


def _suggestion(name: str, known: Any) -> str:
    close = difflib.get_close_matches(name, list(known), n=1)
    return f"; did you mean {close[0]}?" if close else ""
