"""A real TURN server, Debian's coturn, on loopback."""

import base64
import contextlib
import hashlib
import select
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from cryptography.x509.oid import NameOID

_SECRET = "shared with the TURN server and nobody else"
_READY_SECONDS = 20


@dataclass(frozen=True)
class TurnServer:
    """``certificate``: the hash with which Chromium is started to trust ``tls_urls``."""

    urls: tuple[str, ...]
    tls_urls: tuple[str, ...]
    secret: str
    certificate: str


@contextlib.contextmanager
def turn_servers(folder: Path) -> Iterator[TurnServer]:
    """One that runs, for clients that have TCP only, or nothing but TLS."""
    path = shutil.which("turnserver")
    if path is None:
        raise LookupError("no TURN server found: install Debian's package `coturn`")
    with socket.create_server(("127.0.0.1", 0)) as probe, socket.create_server(("127.0.0.1", 0)) as tls_probe:
        port, tls_port = probe.getsockname()[1], tls_probe.getsockname()[1]
    spki = _certify(folder)
    options = [
        *("--listening-ip", "127.0.0.1", "--relay-ip", "127.0.0.1", "--listening-port", str(port)),
        *(
            "--tls-listening-port",
            str(tls_port),
            "--cert",
            str(folder / "turn.pem"),
            "--pkey",
            str(folder / "turn.key"),
        ),
        *("--use-auth-secret", "--static-auth-secret", _SECRET, "--realm", "moothall.test", "--fingerprint"),
        # Its peer, the SFU, is on this machine in a test.
        *("--allow-loopback-peers", "--no-cli", "--no-dtls", "--no-multicast-peers"),
        *("--pidfile", str(folder / "turnserver.pid"), "--userdb", str(folder / "turn.db"), "--log-file", "stdout"),
    ]
    process = subprocess.Popen([path, "-n", *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603
    try:
        for one in (port, tls_port):
            _await_answer(process, one)
        yield TurnServer(
            urls=(f"turn:127.0.0.1:{port}?transport=tcp",),
            tls_urls=(f"turns:127.0.0.1:{tls_port}?transport=tcp",),
            secret=_SECRET,
            certificate=f"--ignore-certificate-errors-spki-list={spki}",
        )
    finally:
        process.kill()
        process.wait()


def _certify(folder: Path) -> str:
    """Write a self-signed certificate for 127.0.0.1, and return the base64 SHA-256 of its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "turn.test")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "turn.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "turn.key").write_bytes(secret)
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(hashlib.sha256(public).digest()).decode()


def _await_answer(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            assert process.poll() is None, "the TURN server stopped at its start"
            assert time.monotonic() < deadline, "the TURN server does not listen"
            select.select([], [], [], 0.02)
        else:
            return
