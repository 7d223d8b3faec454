"""Writes docs/benchmarks.md from bench/figures.

There is one file per case, with its command, machine and date.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

from side_by_side.cases import CASES, Figure
from side_by_side.servers import BENCH, ROOT, SERVERS

FIGURES = BENCH / "figures"
PAGE = ROOT / "docs" / "benchmarks.md"

_INTRODUCTION = """\
# Benchmarks

`bench/run` writes this page from `bench/figures`; do not edit it by hand. The command beside each
table produced its figures; `make bench-sfu` repeats all of them.

The server runs with all its threads on one core. The load client (`bench/load`) runs on another, in
a network namespace of its own behind a veth pair. The servers take turns (A B A B), and each is
started afresh.

- *CPU* is user and system time of the server's process tree, read from `/proc`. On a veth pair it
  includes the kernel's receive half, for every server alike.
- *The load client* does ICE, DTLS and SRTP once for each participant and counts packets by their
  headers. It decrypts one packet in 64, which proves that a publisher sent it and shows its
  latency. It reads its sockets once a millisecond, so latencies include up to 1 ms of its own,
  except where the kernel's arrival times are used. It accepts datagrams as they were sent together
  (`UDP_GRO`); without that the kernel would split them in the server's time, which a network card
  does on a real network. A server that sends datagrams one by one loses nothing by it.
- *Rejected runs*: less than 99.9 % delivered, a packet that is not authentic, a stream on another
  layer than the client asked for, or a load client that used more than 85 % of its core.
- *Tables* show medians and, in brackets, the minimum and the maximum of the accepted runs.
"""


def keep(case: str, record: dict[str, Any], *, paired: bool = False) -> None:
    """Save the figures of one case; ``paired`` ones, against an earlier commit, are separate."""
    FIGURES.mkdir(exist_ok=True)
    name = f"{case}-before" if paired else case
    (FIGURES / f"{name}.json").write_text(json.dumps(record, indent=1, sort_keys=True) + "\n")


def write(path: Path = PAGE) -> None:
    sections = [_INTRODUCTION]
    for suffix in ("", "-before"):
        for name in CASES:
            figures = FIGURES / f"{name}{suffix}.json"
            if figures.exists():
                sections.append(section(name, json.loads(figures.read_text())))
    path.write_text("\n".join(sections))


def section(name: str, record: dict[str, Any]) -> str:
    """Return the section of one case."""
    case = CASES[name]
    paired = ", against an earlier commit" if "before" in record["reports"] else ""
    record = {
        **record,
        "reports": {
            server: record["reports"][server]
            for server in SERVERS
            if server in record["reports"] and server not in case.without
        },
    }
    lines = [f"## {case.title}{paired}", "", f"*{record['date']}, {record['machine']}. `{record['command']}`.*", ""]
    if case.note:
        lines += [case.note, ""]
    reports = {
        server: [report for report in runs if not report["rejected"]] for server, runs in record["reports"].items()
    }
    titles = [figure.title for figure in case.figures]
    lines += [f"| | accepted runs | {' | '.join(titles)} |", f"|---|---|{'---|' * len(titles)}"]
    for server, runs in record["reports"].items():
        counted = reports[server]
        cells = [_cell(figure, [figure.read(report) for report in counted]) for figure in case.figures]
        lines.append(f"| {record['versions'][server]} | {len(counted)} of {len(runs)} | {' | '.join(cells)} |")
    lines.append("")
    lines += _ratios(case.figures, record)
    lines += _reasons(record)
    profiles = sorted({profile for runs in reports.values() for report in runs for profile in report["srtp_profiles"]})
    loads = [report["load_average"] for runs in reports.values() for report in runs]
    if loads:
        load = f"Load average of the machine during the runs: {min(loads):.1f} to {max(loads):.1f}."
        lines += [f"SRTP profile: {', '.join(profiles)}. {load}", ""]
    return "\n".join(lines)


def _cell(figure: Figure, values: Sequence[float | None]) -> str:
    known = [value for value in values if value is not None]
    if not known:
        return "–"
    middle, least, most = (f"{value:,.{figure.digits}f}" for value in (median(known), min(known), max(known)))
    return middle if least == most else f"{middle} ({least}–{most})"


def _ratios(figures: Sequence[Figure], record: dict[str, Any]) -> list[str]:
    """Return the ratios of peers and ours per round, where both runs count."""
    lines = []
    ours = record["reports"].get("moothall", [])
    for figure in figures:
        if not figure.ratio:
            continue
        for server, runs in record["reports"].items():
            if server == "moothall":
                continue
            pairs = [
                (figure.read(our), figure.read(their))
                for our, their in zip(ours, runs, strict=False)
                if not our["rejected"] and not their["rejected"]
            ]
            quotients = [
                their / our if figure.ratio == "less" else our / their for our, their in pairs if our and their
            ]
            if quotients:
                lines.append(
                    f"* {figure.title}: {median(quotients):.2f} times as good as {record['versions'][server]} (pairwise, {min(quotients):.2f}–{max(quotients):.2f})"
                )
    return [*lines, ""] if lines else []


def _reasons(record: dict[str, Any]) -> list[str]:
    lines = []
    for server, runs in record["reports"].items():
        title = record["versions"][server]
        stops = [
            f"at {report['next']['size']}: {'; '.join(report['next']['rejected'])}"
            for report in runs
            if "next" in report
        ]
        stops += [report["stopped"] for report in runs if "stopped" in report]
        lines += [f"* {title}, rejected: {reason}" for report in runs for reason in report["rejected"]]
        lines += [f"* {title}, stopped by: {stop}" for stop in stops]
    return [*lines, ""] if lines else []
