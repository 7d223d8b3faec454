"""Findings of the doctor."""

import socket
from pathlib import Path

import pytest
from support.clock import FakeClock
from support.process import make_certificate, run_command, server_process
from support.stun import stun_server

from moothall.db import migrations
from moothall.doctor import Finding, Verdict, examine
from moothall.kit.clock import SystemClock
from moothall.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    with socket.socket() as tcp, socket.socket() as media, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        for one in (tcp, media, udp):
            one.bind(("127.0.0.1", 0))
        port, tcp_port, udp_port = (one.getsockname()[1] for one in (tcp, media, udp))
        return Settings(data_dir=tmp_path / "data", port=port, tcp_port=tcp_port, udp_ports=(udp_port,))


def findings(settings: Settings) -> dict[str, Finding]:
    return {finding.part: finding for finding in examine(settings, SystemClock())}


def test_fresh_machine(settings: Settings):
    found = findings(settings)

    for part in ("data directory", "SQLite", "database", "TCP", f"UDP {settings.udp_ports[0]}", "media over TCP"):
        assert found[part].verdict is Verdict.OK, found[part]
    assert found["TLS"].verdict is Verdict.WARNING
    assert "clients are told" in found["media addresses"].text
    assert not settings.data_dir.exists()


def test_ports_that_are_taken(settings: Settings):
    with socket.create_server(("127.0.0.1", settings.port)), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.bind(("", settings.udp_ports[0]))
        found = findings(settings)

    assert found["TCP"].verdict is Verdict.FAILED
    assert found[f"UDP {settings.udp_ports[0]}"].verdict is Verdict.FAILED
    assert "--udp-ports" in found[f"UDP {settings.udp_ports[0]}"].text


def test_media_over_tcp(settings: Settings):
    assert settings.tcp_port is not None
    with socket.create_server(("", settings.tcp_port)):
        taken = findings(settings)["media over TCP"]
    same = findings(settings.model_copy(update={"tcp_port": settings.port}))["media over TCP"]
    off = findings(settings.model_copy(update={"tcp_port": None}))["media over TCP"]

    assert (taken.verdict, same.verdict, off.verdict) == (Verdict.FAILED, Verdict.FAILED, Verdict.WARNING)
    assert "--tcp-port" in taken.text
    assert "--tcp-port" in off.text


def test_public_address(settings: Settings):
    with stun_server(("203.0.113.7", 40_000)) as server:
        found = findings(settings.model_copy(update={"stun_server": server}))["media addresses"]
    silent = findings(settings.model_copy(update={"stun_server": "203.0.113.1.invalid:3478"}))["media addresses"]

    assert "203.0.113.7" in found.text
    assert f"turns port {settings.udp_ports[0]} into 40000" in found.text
    assert found.verdict is Verdict.WARNING
    assert silent.verdict is Verdict.FAILED
    assert "--stun-server" in silent.text


def test_address_clients_are_told(settings: Settings):
    found = findings(settings.model_copy(update={"advertise_ip": ("203.0.113.7", "8.8.8.8")}))

    assert "203.0.113.7" in found["media addresses"].text
    assert "8.8.8.8" in found["media addresses"].text
    assert found["media addresses"].verdict is Verdict.OK


def test_private_address_that_was_named(settings: Settings):
    found = findings(settings.model_copy(update={"advertise_ip": ("192.168.7.9",)}))["media addresses"]

    assert found.verdict is Verdict.WARNING
    assert "--advertise-ip names no public address" in found.text


def test_certificate(settings: Settings, tmp_path: Path):
    good, other = make_certificate(tmp_path), tmp_path / "other"
    other.mkdir()
    stranger = make_certificate(other)

    fits = findings(settings.model_copy(update={"tls_cert": good.certificate, "tls_key": good.key}))["TLS"]
    stray = findings(settings.model_copy(update={"tls_cert": good.certificate, "tls_key": stranger.key}))["TLS"]

    assert fits.verdict is Verdict.OK
    assert "29 days left" in fits.text
    assert stray.verdict is Verdict.FAILED


def test_certificate_that_expired(settings: Settings, tmp_path: Path):
    certificate = make_certificate(tmp_path)
    with_tls = settings.model_copy(update={"tls_cert": certificate.certificate, "tls_key": certificate.key})
    clock = FakeClock(SystemClock().now())
    clock.advance(days=31)

    found = {finding.part: finding for finding in examine(with_tls, clock)}

    assert found["TLS"].verdict is Verdict.FAILED
    assert "expired" in found["TLS"].text


def test_damaged_database(settings: Settings):
    settings.data_dir.mkdir()
    (settings.data_dir / "moothall.db").write_bytes(b"this is not a database" * 1000)

    assert findings(settings)["database"].verdict is Verdict.FAILED


def test_beside_a_running_server(tmp_path: Path):
    with server_process("--data-dir", str(tmp_path)) as server:
        port = server.origin.rpartition(":")[2]
        done = run_command("doctor", "--data-dir", str(tmp_path), "--port", port, check=False)

    assert f"port {port}: Moothall " in done.stdout
    assert f"sqlite, schema {migrations.newest_revision()}" in done.stdout
    assert "Traceback" not in done.stderr


def test_exit_status_says_whether_something_fails(settings: Settings):
    with socket.create_server(("127.0.0.1", settings.port)):
        done = run_command("doctor", "--data-dir", str(settings.data_dir), "--port", str(settings.port), check=False)

    assert done.returncode == 1
    assert "fails" in done.stdout
