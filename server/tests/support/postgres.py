"""A PostgreSQL server for the tests.

Debian's binaries, a data directory of its own, a free port on loopback.
"""

import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

TEMPLATE = "moothall_template"


class PostgresServer:
    def __init__(self, *, fsync: bool = False) -> None:
        """Without ``fsync`` a power cut may take what was committed; tests are quicker."""
        self._fsync = "on" if fsync else "off"
        self._bin = _find_binaries()
        self._folder = Path(tempfile.mkdtemp(prefix="moothall-pg-"))
        self._port = _free_port()
        self._databases = 0

    def start(self) -> None:
        if os.getuid() == 0:
            # PostgreSQL refuses to run as root; Debian's package makes this user.
            shutil.chown(self._folder, "postgres")
        data = self._folder / "data"
        self._run(
            "initdb", "--pgdata", str(data), "--username", "postgres", "--auth", "trust", "--no-sync", "-E", "UTF8"
        )
        options = f"-c listen_addresses=127.0.0.1 -p {self._port} -k {self._folder} -c fsync={self._fsync}"
        self._run("pg_ctl", "-D", str(data), "-o", options, "-l", str(self._folder / "log"), "-w", "start")
        self._run("createdb", *self._address(), TEMPLATE)

    def stop(self) -> None:
        self._run("pg_ctl", "-D", str(self._folder / "data"), "-m", "immediate", "-w", "stop")
        shutil.rmtree(self._folder, ignore_errors=True)

    def url(self, database: str = TEMPLATE) -> str:
        return f"postgresql://postgres@127.0.0.1:{self._port}/{database}"

    def copy_of_template(self) -> str:
        """Return the URL of a new copy of the template, to which nobody may be connected."""
        self._databases += 1
        name = f"test_{self._databases}"
        self._run("createdb", *self._address(), "--template", TEMPLATE, name)
        return self.url(name)

    def _address(self) -> list[str]:
        return ["-h", "127.0.0.1", "-p", str(self._port), "-U", "postgres"]

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self._bin / program), *arguments]
        if os.getuid() == 0:
            command = ["runuser", "-u", "postgres", "--", *command]
        done = subprocess.run(  # noqa: S603 - fixed programs, our own arguments
            command, capture_output=True, text=True, check=False, cwd=self._folder, stdin=subprocess.DEVNULL
        )
        if done.returncode:
            raise RuntimeError(f"{program} failed: {done.stderr or done.stdout}")


def _find_binaries() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if found:
        return found[-1].parent
    initdb = shutil.which("initdb")
    if initdb is None:
        raise RuntimeError("PostgreSQL is not installed: run `make test`, which installs it")
    return Path(initdb).parent


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
