"""docs/benchmarks.md, written from the figures kept in bench/figures: one file a case, each with its command, machine and day."""

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

Written by `bench/run` from `bench/figures`; not by hand. Every figure has been measured with the command beside it; repeat it with `make bench-sfu`.

How it is measured: the server, all its threads, on one core; the load client (`bench/load`) on another, in a network namespace of its own behind a veth pair.
Servers take turns (A B A B), each started afresh. CPU is user and system time of the server's process tree out of `/proc`; on a veth pair that includes the
kernel's receive half, the same for all. The load client takes datagrams that were sent together as they were sent (`UDP_GRO`; a server that sends one by one loses
nothing by it): otherwise the kernel would cut them up in the server's time, which on a real network is the work of its card. It does ICE, DTLS and SRTP once for each participant, counts packets by their headers, and decrypts one
in 64 to prove that it is what a publisher sent and to learn how long it took; it looks at its sockets once a millisecond, so latencies contain up to 1 ms of
its own (but not where it goes by the kernel's arrival times). A run is rejected when less than 99.9 % is delivered, a packet is not authentic, a stream is on another layer than asked for, or the load client used
more than 85 % of its core. Tables show medians and, in brackets, the least and the most of the runs that count.
"""


def keep(case: str, record: dict[str, Any]) -> None:
    FIGURES.mkdir(exist_ok=True)
    (FIGURES / f"{case}.json").write_text(json.dumps(record, indent=1, sort_keys=True) + "\n")


def write(path: Path = PAGE) -> None:
    sections = [_INTRODUCTION]
    for name in CASES:
        figures = FIGURES / f"{name}.json"
        if figures.exists():
            sections.append(section(name, json.loads(figures.read_text())))
    path.write_text("\n".join(sections))


def section(name: str, record: dict[str, Any]) -> str:
    """The section of one case."""
    case = CASES[name]
    record = {
        **record,
        "reports": {server: record["reports"][server] for server in SERVERS if server in record["reports"]},
    }
    lines = [f"## {case.title}", "", f"*{record['date']}, {record['machine']}. `{record['command']}`.*", ""]
    if case.note:
        lines += [case.note, ""]
    reports = {
        server: [report for report in runs if not report["rejected"]] for server, runs in record["reports"].items()
    }
    titles = [figure.title for figure in case.figures]
    lines += [f"| | runs that count | {' | '.join(titles)} |", f"|---|---|{'---|' * len(titles)}"]
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
        lines += [
            f"SRTP profile: {', '.join(profiles)}. Load average of the machine during the runs: {min(loads):.1f} to {max(loads):.1f}.",
            "",
        ]
    return "\n".join(lines)


def _cell(figure: Figure, values: Sequence[float | None]) -> str:
    known = [value for value in values if value is not None]
    if not known:
        return "–"
    middle, least, most = (f"{value:,.{figure.digits}f}" for value in (median(known), min(known), max(known)))
    return middle if least == most else f"{middle} ({least}–{most})"


def _ratios(figures: Sequence[Figure], record: dict[str, Any]) -> list[str]:
    """Peers against ours, round by round, where both runs count."""
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
        lines += [f"* {title}, what stopped it: {stop}" for stop in stops]
    return [*lines, ""] if lines else []
