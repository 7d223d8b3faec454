"""Options of commands, derived from the settings.

One name, one description and one default for both.
"""

import functools
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin

import typer
from pydantic import SecretStr

from moothall.cli.outcome import fail
from moothall.settings import Settings, SettingsInvalid, load_settings
from moothall.settings.reference import default_text, has_flag, kind_of

T = TypeVar("T")

_METAVARS = {int: "NUMBER", float: "NUMBER", Path: "PATH", SecretStr: "URL"}
Config = Annotated[
    Path | None,
    typer.Option("--config", metavar="PATH", help="TOML file with settings.", envvar="MOOTHALL_CONFIG"),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def flags() -> list[str]:
    """The settings that are options of ``serve``: all but those that say otherwise."""
    return [name for name, field in Settings.model_fields.items() if has_flag(field)]


def with_settings(*names: str) -> Callable[[Callable[..., T]], Callable[..., T]]:
    """Give a command ``--config`` and one option per named setting.

    It is called with the resulting ``settings``.
    """

    def decorate(command: Callable[..., T]) -> Callable[..., T]:
        @functools.wraps(command)
        def run(**arguments: Any) -> T:
            given = {name: arguments.pop(name) for name in names}
            try:
                settings = load_settings(arguments.pop("config"), **given)
            except SettingsInvalid as error:
                fail(str(error))
            return command(settings=settings, **arguments)

        signature = inspect.signature(command)
        own = [parameter for parameter in signature.parameters.values() if parameter.name != "settings"]
        added = [_parameter("config", Config), *(_parameter(name, _option(name)) for name in names)]
        parameters = [*own, *added]
        run.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
        run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        return run

    return decorate


def _parameter(name: str, annotation: Any) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)


def _option(name: str) -> Any:
    """The option of a setting.

    Values stay text: the settings check them, however they were given.
    """
    field = Settings.model_fields[name]
    kind = kind_of(field)
    flag = f"--{name.replace('_', '-')}"
    description = field.description or ""
    if kind is bool:
        return Annotated[bool | None, typer.Option(f"{flag}/--no-{flag[2:]}", help=description)]
    metavar = "|".join(get_args(kind)) if get_origin(kind) is Literal else _METAVARS.get(kind, "TEXT")
    shown = default_text(field)
    help_text = description if shown is None else f"{description} [default: {shown}]"
    return Annotated[str | None, typer.Option(flag, help=help_text, metavar=metavar)]
