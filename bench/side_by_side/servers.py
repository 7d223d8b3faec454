"""The servers: their installation, start, and the load client's options to join them."""

import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from side_by_side import processes
from side_by_side.network import SERVER_ADDRESS

BENCH = Path(__file__).parents[1]
ROOT = BENCH.parent
LIVEKIT_VERSION = "v1.13.5"
_LIVEKIT_PACKAGE = f"github.com/livekit/livekit-server/cmd/server@{LIVEKIT_VERSION}"
_LIVEKIT_BINARY = BENCH / ".peers" / "server"
# The server `before` is another checkout of this repository, built there with `make setup`.
BEFORE_VARIABLE = "MOOTHALL_BENCH_BEFORE"
_READY_S = 30.0
_STOP_S = 15.0
# Not confidential: it is valid during a run, on an address that is unreachable from elsewhere.
_SECRET = "bench" * 8
_PORT = 17880
_MEDIA_PORT = 17882


class ServerMissing(Exception):
    """The server is not installed; the message says how to install it."""


@dataclass(frozen=True)
class Server:
    """A server that runs: its process and the load client's options to join it."""

    pid: int
    options: Sequence[str]


@dataclass(frozen=True)
class Start:
    command: Sequence[str | Path]
    options: Sequence[str]
    environment: Mapping[str, str]


def moothall(directory: Path) -> Start:
    """This repository's server, as ``make run`` starts it, on one core."""
    return _moothall_of(ROOT, directory)


def before(directory: Path) -> Start:
    """The server of an earlier commit, from the checkout that ``--before`` names."""
    checkout = os.environ.get(BEFORE_VARIABLE)
    if not checkout:
        raise ServerMissing("The server before is left out: --before names its checkout")
    return _moothall_of(Path(checkout), directory)


def _moothall_of(checkout: Path, directory: Path) -> Start:
    program = checkout / ".venv" / "bin" / "moothall"
    if not program.exists():
        raise ServerMissing(f"Moothall is not built in {checkout}: make setup")
    data = ["--data-dir", str(directory)]
    application = _run(program, "app", "create", "--name", "bench", *data)["application_id"]
    room = _run(program, "room", "create", "--application-id", application, "--name", "bench", *data)["id"]
    listen = [
        "--host",
        SERVER_ADDRESS,
        "--port",
        str(_PORT),
        "--advertise-ip",
        SERVER_ADDRESS,
        "--udp-ports",
        str(_MEDIA_PORT),
        "--tcp-port",
        "off",
    ]
    return Start(
        command=[program, "serve", *data, *listen, "--log-level", "warning"],
        options=["--url", f"ws://{SERVER_ADDRESS}:{_PORT}", "--room", room, "--key", "moothall", "--secret", _SECRET],
        environment={"MOOTHALL_LIVEKIT_API_SECRET": _SECRET},
    )


def janus(directory: Path) -> Start:
    """Janus of the distribution's package, with our configuration."""
    _install_janus()
    for template in (BENCH / "peers" / "janus").glob("*.jcfg"):
        text = template.read_text()
        for name, value in {"CONFIGS": str(directory), "ADDRESS": SERVER_ADDRESS, "PORT": str(_PORT)}.items():
            text = text.replace(f"@{name}@", value)
        (directory / template.name).write_text(text)
    return Start(
        command=["janus", "-F", directory, "-C", directory / "janus.jcfg"],
        options=["--server", "janus", "--url", f"ws://{SERVER_ADDRESS}:{_PORT}"],
        environment={},
    )


def livekit(directory: Path) -> Start:
    """livekit-server, built from its Go module into an ignored folder."""
    _build_livekit()
    configuration = directory / "livekit.yaml"
    configuration.write_text(
        f"""\
port: {_PORT}
bind_addresses: ["{SERVER_ADDRESS}"]
rtc:
  udp_port: {_MEDIA_PORT}
  tcp_port: 0
  use_external_ip: false
  node_ip: {SERVER_ADDRESS}
  use_ice_lite: true
  interfaces:
    includes: [mhbench0]
keys:
  bench: {_SECRET}
logging:
  level: warn
"""
    )
    return Start(
        command=[_LIVEKIT_BINARY, "--config", configuration],
        options=["--url", f"ws://{SERVER_ADDRESS}:{_PORT}", "--key", "bench", "--secret", _SECRET],
        # All of its threads share one core.
        environment={"GOMAXPROCS": "1"},
    )


SERVERS = {"moothall": moothall, "before": before, "janus": janus, "livekit": livekit}


@contextmanager
def running(name: str, core: int, nice: int) -> Iterator[Server]:
    """Start a server on one core, wait until it listens, stop it at the end.

    Raises ServerMissing, and RuntimeError with the end of its output when it does not start.
    """
    with tempfile.TemporaryDirectory(prefix=f"bench-{name}-") as text:
        directory = Path(text)
        start = SERVERS[name](directory)
        output = directory / "output"
        with output.open("wb") as log:
            command = ["taskset", "-c", str(core), *map(str, start.command)]
            process = processes.start(command, nice, log, {**os.environ, **start.environment})
        try:
            _await_listening(process, output)
            yield Server(process.pid, start.options)
        finally:
            process.terminate()
            try:
                process.wait(_STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def version(name: str) -> str:
    """The name of a server on the page, with its version."""
    if name == "janus":
        listing = subprocess.run(
            ["dpkg-query", "-W", "-f=${Version}", "janus"], capture_output=True, text=True, check=False
        )
        return f"Janus {listing.stdout.strip()} (Debian)"
    if name == "livekit":
        return f"livekit-server {LIVEKIT_VERSION}"
    checkout = os.environ.get(BEFORE_VARIABLE, ROOT) if name == "before" else ROOT
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False, cwd=checkout
    )
    return f"Moothall {commit.stdout.strip()}"


def _await_listening(process: subprocess.Popen[bytes], output: Path) -> None:
    deadline = time.monotonic() + _READY_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"the server stopped at start: {_last_line(output)}")
        try:
            with socket.create_connection((SERVER_ADDRESS, _PORT), timeout=1):
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"the server does not listen: {_last_line(output)}")


def _last_line(output: Path) -> str:
    return (output.read_text(errors="replace").strip().splitlines() or ["it said nothing"])[-1]


def _run(program: Path, *arguments: str) -> dict[str, str]:
    made = subprocess.run([program, *arguments, "--json"], capture_output=True, text=True, check=False)
    if made.returncode != 0:
        said = (made.stderr or made.stdout).strip().splitlines() or ["nothing"]
        raise RuntimeError(f"moothall {' '.join(arguments[:2])}: {said[-1]}")
    answer: dict[str, str] = json.loads(made.stdout)
    return answer


def _install_janus() -> None:
    if shutil.which("janus") is None and shutil.which("apt-get") is not None:
        # The package's own service stays disabled, so that it does not listen outside the
        # benchmark.
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
        command = ["apt-get", "install", "-y", "--no-install-recommends", "janus"]
        subprocess.run(command, env=quiet, capture_output=True, check=False)
    if shutil.which("janus") is None:
        raise ServerMissing("Janus is left out: apt-get install janus does not bring it")


def _build_livekit() -> None:
    if _LIVEKIT_BINARY.exists():
        return
    if shutil.which("go") is None:
        raise ServerMissing("livekit-server is left out: there is no Go to build it with")
    environment = {**os.environ, "GOBIN": str(_LIVEKIT_BINARY.parent)}
    built = subprocess.run(
        ["go", "install", "-trimpath", _LIVEKIT_PACKAGE], env=environment, capture_output=True, text=True, check=False
    )
    if built.returncode != 0:
        reason = (built.stderr.strip().splitlines() or ["go install failed"])[-1]
        raise ServerMissing(f"livekit-server is left out: {reason}")
