"""A real server process, started as by an operator, and stopped or killed."""

import json
import os
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

ROOT = Path(__file__).parents[1]
MOOTHALL = ROOT / ".venv" / "bin" / "moothall"
# The server's address for media: another where a browser uses no loopback (in_namespace).
MEDIA_ADDRESS = os.environ.get("E2E_MEDIA_ADDRESS", "127.0.0.1")
# A generous timeout, because tests run beside builds.
READY_WITHIN = 120.0


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def run_cli(*arguments: str) -> Any:
    """Return the JSON that a command prints. Raises with its output when it fails."""
    finished = subprocess.run([MOOTHALL, *arguments, "--json"], capture_output=True, text=True, check=False)  # noqa: S603
    assert finished.returncode == 0, f"moothall {' '.join(arguments)}: {finished.stdout}{finished.stderr}"
    return json.loads(finished.stdout)


class MoothallProcess:
    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.port = free_port()
        self.udp_port = free_port(socket.SOCK_DGRAM)
        self.tcp_port = free_port()
        self.url = f"http://localhost:{self.port}"
        self.log = data_dir / "server.log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603
                [
                    MOOTHALL, "serve", "--host", "127.0.0.1", "--port", str(self.port), "--data-dir", str(self.data_dir),
                    "--public-url", self.url, "--advertise-ip", MEDIA_ADDRESS, "--udp-ports", str(self.udp_port),
                    "--tcp-port", str(self.tcp_port),
                ],
                stdout=log,
                stderr=log,
                env={**os.environ, "MOOTHALL_ALLOW_LOOPBACK_CALLBACKS": "true"},
            )  # fmt: skip
        self._await_ready()

    def _await_ready(self) -> None:
        deadline = time.monotonic() + READY_WITHIN
        while time.monotonic() < deadline:
            assert self._process is not None
            assert self._process.poll() is None, f"the server stopped at start:\n{self.log.read_text()[-4000:]}"
            try:
                with urlopen(f"{self.url}/readyz", timeout=2) as response:  # noqa: S310
                    if response.status == 200:
                        return
            except (URLError, ConnectionError, TimeoutError):
                time.sleep(0.05)
        raise AssertionError(f"not ready after {READY_WITHIN} s:\n{self.log.read_text()[-4000:]}")

    def cpu_seconds(self) -> float:
        """Return the CPU seconds of the process, which other work hardly affects."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def kill(self) -> None:
        """Kill the process like a power failure: no handler runs."""
        self._signal(signal.SIGKILL)

    def stop(self) -> int:
        """Stop the process like a deployment, and return the exit code."""
        return self._signal(signal.SIGTERM)

    def _signal(self, number: int) -> int:
        process, self._process = self._process, None
        if process is None:
            return 0
        process.send_signal(number)
        return process.wait(timeout=30)

    def create_application(self, name: str) -> "Application":
        made = run_cli("app", "create", "--name", name, "--data-dir", str(self.data_dir))
        return Application(self.url, made["application_id"], Path(made["private_key_file"]))


class Application:
    """An application of the API, with its own key."""

    def __init__(self, url: str, application_id: str, private_key_file: Path) -> None:
        self.url = url
        self.application_id = application_id
        self.private_key_file = private_key_file
        self._tokens: dict[int, str] = {}

    def token(self, *, minutes: int = 15) -> str:
        """Return a token that is good for this long; it is minted once, by the command line."""
        if minutes not in self._tokens:
            self._tokens[minutes] = self._mint(minutes)
        return self._tokens[minutes]

    def _mint(self, minutes: int) -> str:
        minted = subprocess.run(  # noqa: S603
            [
                MOOTHALL,
                "token",
                "mint",
                "--application-id",
                self.application_id,
                "--private-key",
                self.private_key_file,
                "--minutes",
                str(minutes),
            ],
            capture_output=True,
            text=True,
            check=True,
        )
        return minted.stdout.strip()
