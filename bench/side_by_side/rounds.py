"""Rounds: the servers in alternation (A B A B) under each case, and their reports."""

import json
import os
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from side_by_side import processes
from side_by_side.cases import Case, Report
from side_by_side.network import CLIENT_BASE
from side_by_side.servers import BENCH, ServerMissing, running

LOAD = BENCH / "load" / "target" / "release" / "load"
_TIMEOUT_S = 600
# A size whose packets take longer than this is not carried, even if all of them arrive. The same
# bound ends the capacity case.
_P99_MAX_MS = 50.0


@dataclass(frozen=True)
class Conditions:
    """The load client and the conditions of all runs: niceness, duration, SRTP profile, cores."""

    client: Sequence[str]
    nice: int
    seconds: int
    profile: str
    server_core: int = 1
    load_core: int = 0


def run_round(case: Case, names: Sequence[str], turn: int, conditions: Conditions) -> dict[str, dict[str, Any]]:
    """One report of each server, rejected ones included.

    A server that is missing is left out, and said so in the first round.
    """
    reports: dict[str, dict[str, Any]] = {}
    for name in names:
        if name in case.without:
            continue
        try:
            report = _largest(case, name, conditions) if case.sizes else _once(case, name, conditions, [])
        except ServerMissing as missing:
            if turn == 0:
                print(f"  {missing}", flush=True)
            continue
        except (RuntimeError, subprocess.TimeoutExpired) as failure:
            report = {"rejected": [str(failure)]}
        reports[name] = report
        print(f"  round {turn + 1}: {name}: {_line(case, report)}", flush=True)
    return reports


def _once(case: Case, name: str, conditions: Conditions, extra: Sequence[str]) -> dict[str, Any]:
    arguments = [*case.arguments, *case.differences.get(name, ()), *extra]
    # A capacity step is a window of its own, and there are many.
    seconds = conditions.seconds if case.name != "capacity" else max(4, conditions.seconds // 2)
    with running(name, conditions.server_core, conditions.nice) as server, tempfile.TemporaryDirectory() as directory:
        written, output = Path(directory) / "report.json", Path(directory) / "output"
        command = [
            *conditions.client, "taskset", "-c", str(conditions.load_core), str(LOAD), *arguments, *server.options,
            "--base", CLIENT_BASE, "--pid", str(server.pid), "--profile", conditions.profile,
            "--seconds", str(seconds), "--json", str(written),
        ]  # fmt: skip
        with output.open("wb") as log:
            load = processes.start(command, conditions.nice, log)
        try:
            load.wait(_TIMEOUT_S)
        finally:
            load.kill()
            load.wait()
        if not written.exists():
            raise RuntimeError((output.read_text().strip().splitlines() or ["the load client failed"])[-1])
        report: dict[str, Any] = json.loads(written.read_text())
        report["load_average"] = os.getloadavg()[0]
        return report


def _largest(case: Case, name: str, conditions: Conditions) -> dict[str, Any]:
    """The report of the largest size that counts, with what stopped the next.

    The first one's when none does.
    """
    option, sizes = case.sizes or ("", ())
    held: dict[str, Any] = {"rejected": ["no size was tried"]}
    for size in sizes:
        try:
            report = _once(case, name, conditions, [option, str(size)])
        except RuntimeError as failure:
            report = {"rejected": [str(failure)]}
        p99 = report["window"]["latency_ms"]["p99"] if "window" in report else None
        if p99 is not None and p99 > _P99_MAX_MS:
            report["rejected"].append(f"p99 {p99:.0f} ms")
        print(f"    {name} {size}: {_line(case, report)}", flush=True)
        if report["rejected"]:
            if held["rejected"]:
                return report
            held["next"] = {"size": size, "rejected": report["rejected"]}
            return held
        held = report
    return held


def _line(case: Case, report: Report) -> str:
    if "window" not in report and "held_subscribers" not in report:
        return f"rejected: {report['rejected']}"
    figures = ", ".join(f"{figure.title} {figure.read(report)}" for figure in case.figures)
    return figures + (f" REJECTED: {report['rejected']}" if report["rejected"] else "")
