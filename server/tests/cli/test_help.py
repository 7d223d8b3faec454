"""The help of the whole, which imports no command."""

import importlib
import json
import subprocess
import sys

import pytest
import typer
from typer.main import get_command

from moothall.cli import _MODULES

HEAVY = {
    "alembic",
    "asyncpg",
    "fastapi",
    "joserfc",
    "moothall_sfu",
    "orjson",
    "PIL",
    "pydantic",
    "sqlalchemy",
    "structlog",
}
_ASK = """
import json, sys
from moothall.cli import main
sys.argv = ["moothall", *json.loads(sys.argv[1])]
try:
    main()
except SystemExit:
    pass
print(json.dumps(sorted(sys.modules)), file=sys.stderr)
"""


@pytest.mark.parametrize("arguments", [["--help"], []])
def test_the_help_imports_no_heavy_module(arguments: list[str]):
    done = subprocess.run(  # noqa: S603 - our own interpreter and arguments
        [sys.executable, "-c", _ASK, json.dumps(arguments)], capture_output=True, text=True, check=True
    )
    imported = json.loads(done.stderr.splitlines()[-1])

    assert "moothall.cli" in imported
    assert {name for name in imported if name.partition(".")[0] in HEAVY} == set()
    assert [name for name in imported if name.startswith("moothall.")] == ["moothall.cli"]


@pytest.mark.parametrize("name", _MODULES)
def test_the_help_says_of_a_command_what_the_command_says(name: str):
    module, help_text = _MODULES[name]
    commands = importlib.import_module(f"moothall.cli.{module}").commands

    assert isinstance(commands, typer.Typer)
    assert get_command(commands).get_short_help_str(200) == help_text
