"""Processes with a niceness that is effective on a shared machine."""

import contextlib
import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO


def start(
    command: Sequence[str], nice: int, output: IO[bytes], environment: Mapping[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """Start a process in its own session, with this niceness for it and its scheduling group."""
    process = subprocess.Popen(command, stdout=output, stderr=output, env=environment, start_new_session=True)
    if nice:
        # Where the kernel groups by session, niceness counts within the group only, and the group
        # has one of its own.
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, process.pid, nice)
            Path(f"/proc/{process.pid}/autogroup").write_text(str(nice))
    return process
