"""`moothall` under a sampling profiler: `sampled_server.py FILE ARGUMENTS…`.

SIGUSR1 starts sampling, SIGUSR2 ends it and writes the samples per part to FILE. A sample counts
for the part of its innermost frame that is ours or of a library listed as a part; calls from there
count for that part.
"""

import json
import os
import signal
import sys
from collections import Counter
from pathlib import Path
from types import FrameType

from moothall.cli import main

INTERVAL_SECONDS = 0.001
# Path prefixes below site-packages or src, and their parts. The first match counts.
PARTS = (
    ("moothall/db/sqlite_writer", "group commit: queue, savepoints, handing over"),
    ("moothall/db/", "SQL: begin, statements, rows"),
    ("moothall/rooms/store", "SQL: begin, statements, rows"),
    ("moothall/jobs/store", "SQL: begin, statements, rows"),
    ("moothall/themes/store", "SQL: begin, statements, rows"),
    ("sqlalchemy/", "SQL: begin, statements, rows"),
    ("moothall/rooms/rendering", "rendering the room"),
    ("moothall/rooms/links", "rendering the room"),
    ("moothall/rooms/", "rules of rooms"),
    ("moothall/api/etags", "JSON and ETag of the answer"),
    ("moothall/api/responses", "JSON and ETag of the answer"),
    ("moothall/api/paging", "JSON and ETag of the answer"),
    ("moothall/api/authentication", "token: parsing, RSA signature"),
    ("moothall/api/rates", "rate limits"),
    ("moothall/kit/rate_limit", "rate limits"),
    ("moothall/kit/logs", "access log"),
    ("structlog/", "access log"),
    ("moothall/api/body", "body: reading, parsing, validating"),
    ("moothall/rooms/schemas", "body: reading, parsing, validating"),
    ("pydantic/", "body: reading, parsing, validating"),
    ("moothall/idempotency/", "Idempotency-Key"),
    ("moothall/api/", "dispatch, dependencies, headers"),
    ("fastapi/", "dispatch, dependencies, headers"),
    ("starlette/", "dispatch, dependencies, headers"),
    ("uvicorn/", "HTTP server and event loop"),
    ("uvloop/", "HTTP server and event loop"),
    ("moothall/callbacks/", "background: jobs, callbacks, meetings"),
    ("moothall/jobs/", "background: jobs, callbacks, meetings"),
    ("moothall/meeting/", "background: jobs, callbacks, meetings"),
)
_ROOTS = ("site-packages/", "server/src/")

seen: Counter[str] = Counter()
_part_of_file: dict[str, str | None] = {}


def part_of(file: str) -> str | None:
    if file not in _part_of_file:
        path = next((file.rpartition(root)[2] for root in _ROOTS if root in file), "")
        _part_of_file[file] = next((part for beginning, part in PARTS if path.startswith(beginning)), None)
    return _part_of_file[file]


def look(_signal: int, frame: FrameType | None) -> None:
    while frame is not None:
        part = part_of(frame.f_code.co_filename)
        if part is not None:
            seen[part] += 1
            return
        frame = frame.f_back
    seen["other"] += 1


def begin(_signal: int, _frame: FrameType | None) -> None:
    seen.clear()
    signal.setitimer(signal.ITIMER_PROF, INTERVAL_SECONDS, INTERVAL_SECONDS)


def end(_signal: int, _frame: FrameType | None) -> None:
    signal.setitimer(signal.ITIMER_PROF, 0)
    target = Path(sys.argv[0])
    written = target.with_suffix(".part")
    written.write_text(json.dumps(seen))
    os.replace(written, target)  # noqa: PTH105 - appears whole


if __name__ == "__main__":
    del sys.argv[0]
    signal.signal(signal.SIGPROF, look)
    signal.signal(signal.SIGUSR1, begin)
    signal.signal(signal.SIGUSR2, end)
    main()
