"""Keep-alive connections that send requests one after the other, and measure latencies."""

import asyncio
import itertools
import time
from collections.abc import Sequence
from dataclasses import dataclass

import uvloop


@dataclass(frozen=True)
class Outcome:
    """``seconds``: duration of the run. ``latencies``: those of all answers in ms, ascending."""

    seconds: float
    latencies: list[float]

    def percentile(self, percent: float) -> float:
        return self.latencies[min(len(self.latencies) - 1, int(len(self.latencies) * percent / 100))]


def run_load(port: int, requests: Sequence[bytes], *, count: int, connections: int, expected: int) -> Outcome:
    """Send ``count`` requests. Raises RuntimeError for any other status than ``expected``."""
    return uvloop.run(_run(port, requests, count, connections, expected))


async def _run(port: int, requests: Sequence[bytes], count: int, connections: int, expected: int) -> Outcome:
    latencies: list[float] = []
    work = iter(itertools.islice(itertools.cycle(requests), count))
    started = time.perf_counter()
    async with asyncio.TaskGroup() as tasks:
        for _ in range(connections):
            tasks.create_task(_connection(port, work, latencies, expected))
    return Outcome(time.perf_counter() - started, sorted(latencies))


async def _connection(port: int, work: "itertools.islice[bytes]", latencies: list[float], expected: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for request in work:
        started = time.perf_counter()
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        body = await reader.readexactly(length)
        latencies.append((time.perf_counter() - started) * 1000)
        if not head.startswith(b"HTTP/1.1 %d " % expected):
            raise RuntimeError((head + body).decode())
    writer.close()
