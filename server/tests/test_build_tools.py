"""The message of ``make run`` on a machine without the build tools."""

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def check(folder: Path, **tools: str | None) -> subprocess.CompletedProcess[str]:
    """Run the check with stand-ins for the tools: what each prints, or None for a missing one."""
    printed = {
        "python3": "3.12",
        "cargo": "cargo 1.90.0",
        "rustc": "rustc 1.90.0 (abc 2026-01-01)",
        "node": "v22.1.0",
        "npm": "11.0.0",
        "cc": "",
    } | tools
    for tool in ("bash", "sort", "head", "cut", "env"):
        found = next(path for place in os.defpath.split(":") if place and (path := Path(place, tool)).exists())
        (folder / tool).symlink_to(found)
    for name, text in printed.items():
        if text is not None:
            (folder / name).write_text(f"#!/bin/sh\necho '{text}'\n")
            (folder / name).chmod(0o755)
    return subprocess.run(  # noqa: S603 - our own script
        [str(ROOT / "deploy/check-build-tools"), "python3"],
        env={"PATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_a_machine_with_everything_is_silent(tmp_path: Path):
    done = check(tmp_path)

    assert (done.returncode, done.stdout + done.stderr) == (0, "3.12\n3.12\n")


def test_all_that_is_missing_is_told_at_once(tmp_path: Path):
    done = check(tmp_path, python3=None, cargo=None, npm=None, cc=None)

    assert done.returncode == 1
    for word in ("PYTHON=", "https://rustup.rs", "https://nodejs.org", "apt-get install gcc"):
        assert word in done.stderr


@pytest.mark.parametrize(
    ("tool", "printed", "said"),
    [
        ("rustc", "rustc 1.63.0 (4b91a6ea7 2022-08-08)", "rustc is 1.63.0"),
        ("rustc", "rustc 1.9.0 (abc 2016-05-24)", "rustc is 1.9.0"),
        ("node", "v18.19.0", "node is 18.19.0"),
    ],
)
def test_an_old_tool_is_named_with_its_version(tmp_path: Path, tool: str, printed: str, said: str):
    done = check(tmp_path, **{tool: printed})

    assert done.returncode == 1
    assert said in done.stderr
