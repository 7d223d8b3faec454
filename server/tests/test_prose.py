"""Prose is at most 100 columns wide: comments of Rust, TypeScript and CSS, and Markdown.

Ruff holds the same for Python (W505). And no sentence of a comment opens with a pronoun or a
preposition in place of its noun ("What a client wants", "Of one track").
"""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
WIDEST = 100
COMMENT = re.compile(r"\s*(//|/\*|\* )")
OPENER = re.compile(r'\s*(#|//[/!]?|/?\*\*?|""") ?(What|Of|So many|Whoever|Whatever|As many)\b')
# A directive has to stay on the line of its rule.
DIRECTIVE = re.compile(r"biome-ignore|@ts-")
# bench/ writes the pages of figures, whose commands have any length.
GENERATED = re.compile(r"docs/(settings|benchmarks.*)\.md|web/src/api/.*page-api")


def tracked(*patterns: str) -> list[str]:
    listing = subprocess.run(  # noqa: S603
        ["git", "ls-files", *patterns],  # noqa: S607
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    names = [name for name in listing.stdout.split() if not GENERATED.match(name)]
    assert names
    return names


def test_comments_are_at_most_100_columns_wide() -> None:
    wide = []
    for name in tracked("*.rs", "*.ts", "*.tsx", "*.css", "*.mjs"):
        is_code = False
        for number, line in enumerate((ROOT / name).read_text().splitlines(), 1):
            if not COMMENT.match(line):
                continue
            is_code ^= "```" in line
            if len(line) > WIDEST and not is_code and not DIRECTIVE.search(line):
                wide.append(f"{name}:{number}")

    assert wide == []


def test_prose_in_markdown_is_at_most_100_columns_wide() -> None:
    wide = []
    for name in tracked("*.md"):
        is_code = False
        for number, line in enumerate((ROOT / name).read_text().splitlines(), 1):
            is_code ^= line.lstrip().startswith("```")
            # Tables and links cannot be broken.
            is_whole = is_code or line.startswith(("|", "#")) or " " not in line.strip()
            if len(line) > WIDEST and not is_whole:
                wide.append(f"{name}:{number}")

    assert wide == []


def test_no_comment_opens_with_a_word_in_place_of_its_noun() -> None:
    found = [
        f"{name}:{number}: {line.strip()}"
        for name in tracked("*.py", "*.rs", "*.ts", "*.tsx", "*.css", "*.mjs")
        for number, line in enumerate((ROOT / name).read_text().splitlines(), 1)
        if OPENER.match(line)
    ]

    assert found == []
