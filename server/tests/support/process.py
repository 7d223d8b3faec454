"""A real server in a process of its own, over TLS, as operators run it."""

import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

MOOTHALL = Path(sys.executable).parent / "moothall"
_READY_SECONDS = 180.0
_STOP_SECONDS = 30.0


@dataclass(frozen=True)
class Certificate:
    certificate: Path
    key: Path


def make_certificate(folder: Path) -> Certificate:
    """A certificate for localhost that vouches for itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=30))
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    made = Certificate(folder / "certificate.pem", folder / "certificate-key.pem")
    made.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    made.key.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return made


@dataclass
class ServerProcess:
    process: subprocess.Popen[str]
    origin: str
    output: list[str]

    @property
    def host(self) -> str:
        return self.origin.partition("://")[2]

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to stop and return its exit status."""
        self.process.send_signal(number)
        return self.process.wait(_STOP_SECONDS)


@dataclass
class StartingProcess:
    """A server on its way; ``output`` grows while it runs."""

    process: subprocess.Popen[str]
    output: list[str]
    lines: "queue.SimpleQueue[str | None]"

    def wait_for_line(self, part: str) -> str:
        """The next line that contains this; fails the test when the process ends before it."""
        while (line := self.lines.get(timeout=_READY_SECONDS)) is not None:
            if part in line:
                return line
        raise AssertionError("".join(self.output))

    def wait_until_ready(self) -> str:
        """The origin it answers on."""
        return self.wait_for_line(" answers on ").rsplit(" ", 1)[1].strip()


@contextmanager
def starting_process(*options: str, environment: dict[str, str] | None = None) -> Iterator[StartingProcess]:
    """``moothall serve`` with these options on a free port."""
    process = subprocess.Popen(  # noqa: S603 - our own program
        [
            str(MOOTHALL),
            "serve",
            *["--port", "0", "--udp-ports", "0", "--tcp-port", "0", "--log-format", "json"],
            *options,
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**_clean_environment(), **(environment or {})},
    )
    assert process.stdout is not None
    starting = StartingProcess(process, [], queue.SimpleQueue())

    def read() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            starting.output.append(line)
            starting.lines.put(line)
        starting.lines.put(None)

    reader = threading.Thread(target=read)
    reader.start()
    try:
        yield starting
    finally:
        process.kill()
        process.wait(_STOP_SECONDS)
        reader.join()
        process.stdout.close()


@contextmanager
def server_process(*options: str, environment: dict[str, str] | None = None) -> Iterator[ServerProcess]:
    """``moothall serve`` with these options on a free port, ready."""
    with starting_process(*options, environment=environment) as starting:
        yield ServerProcess(starting.process, starting.wait_until_ready(), starting.output)


def run_command(
    *arguments: str, check: bool = True, environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """``moothall`` with these arguments.

    Fails the test when the command fails and ``check`` is set.
    """
    done = subprocess.run(  # noqa: S603 - our own program
        [str(MOOTHALL), *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=_READY_SECONDS,
        env={**_clean_environment(), **(environment or {})},
    )
    assert not check or done.returncode == 0, done.stderr
    return done


def run_json(*arguments: str) -> Any:
    return json.loads(run_command(*arguments, "--json").stdout)


def _clean_environment() -> dict[str, str]:
    """Ours without settings that would change what is tested; wide, so that nothing is wrapped."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MOOTHALL_")}
    return kept | {"COLUMNS": "200", "NO_COLOR": "1"}
