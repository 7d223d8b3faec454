"""Every screen of the page in Chromium: axe finds nothing, nothing is cut, nothing is at the edge.

Icons without words and focus rings have a contrast of at least 3:1.

The scenes are those of the pictures (`web/screenshots/scenes.mjs`), with themes of four difficult
colours among them, under the content security policy of the server.
"""

import os
import subprocess

import pytest
from moothall_process import ROOT
from people import chromium_path

_PATIENCE_S = 1200

pytestmark = pytest.mark.timeout(_PATIENCE_S + 60)


def _check(**options: str) -> None:
    done = subprocess.run(
        ["node", "screenshots/check.mjs"],  # noqa: S607
        cwd=ROOT / "web",
        env={**os.environ, "CHROMIUM": chromium_path(), **options},
        capture_output=True,
        text=True,
        timeout=_PATIENCE_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_axe_finds_nothing_on_any_screen_at_any_width() -> None:
    _check(WIDTHS="wide,tiny,least", SCHEMES="light,dark", LANGUAGES="en")


def test_nor_where_writing_goes_from_right_to_left_and_words_are_long() -> None:
    _check(WIDTHS="phone", SCHEMES="dark", LANGUAGES="he,de")
