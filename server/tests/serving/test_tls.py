"""Certificates: every wrong one has its sentence, and a renewed one is served without a restart."""

import asyncio
import shutil
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from support.clock import FakeClock
from support.process import Certificate, make_certificate
from support.waiting import eventually

from moothall.kit.clock import SystemClock
from moothall.serving import tls
from moothall.serving.tls import Tls, TlsInvalid, covers, load_certificate


@pytest.fixture
def good(tmp_path: Path) -> Certificate:
    return make_certificate(tmp_path)


@pytest.fixture
def other(tmp_path: Path) -> Certificate:
    (tmp_path / "other").mkdir()
    return make_certificate(tmp_path / "other")


def _now() -> datetime:
    return SystemClock().now()


def _refusal(certificate: Path, key: Path, now: datetime | None = None) -> str:
    with pytest.raises(TlsInvalid) as refused:
        load_certificate(certificate, key, now or _now())
    assert "\n" not in str(refused.value)
    return str(refused.value)


def test_missing_and_unreadable(good: Certificate, tmp_path: Path):
    assert "nowhere.pem cannot be read: No such file" in _refusal(tmp_path / "nowhere.pem", good.key)
    assert "private key file" in _refusal(good.certificate, tmp_path / "nowhere.pem")
    assert "Is a directory" in _refusal(tmp_path, good.key)


def test_swapped(good: Certificate):
    assert "are swapped" in _refusal(good.key, good.certificate)


def test_of_another_key(good: Certificate, other: Certificate):
    assert "does not belong to the certificate" in _refusal(good.certificate, other.key)


def test_chain_in_the_wrong_order(good: Certificate, other: Certificate):
    own = good.certificate.read_bytes()
    good.certificate.write_bytes(other.certificate.read_bytes() + own)
    assert "must be the first one" in _refusal(good.certificate, good.key)

    good.certificate.write_bytes(own + other.certificate.read_bytes())
    load_certificate(good.certificate, good.key, _now())


@pytest.mark.parametrize("form", [serialization.PrivateFormat.PKCS8, serialization.PrivateFormat.TraditionalOpenSSL])
def test_key_with_a_passphrase(good: Certificate, form: serialization.PrivateFormat):
    key = serialization.load_pem_private_key(good.key.read_bytes(), None)
    good.key.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, form, serialization.BestAvailableEncryption(b"secret"))
    )
    assert "is encrypted" in _refusal(good.certificate, good.key)


def test_no_certificate_no_key_and_damaged_ones(good: Certificate):
    certificate, key = good.certificate.read_bytes(), good.key.read_bytes()
    good.certificate.write_bytes(x509.load_pem_x509_certificate(certificate).public_bytes(serialization.Encoding.DER))
    assert "no certificate in PEM form" in _refusal(good.certificate, good.key)

    good.certificate.write_bytes(certificate[:100] + certificate[140:])
    assert "is damaged" in _refusal(good.certificate, good.key)

    good.certificate.write_bytes(certificate)
    good.key.write_bytes(certificate)
    assert "no private key in PEM form" in _refusal(good.certificate, good.key)

    good.key.write_bytes(key[:60] + key[-40:])
    assert "damaged or of an unknown kind" in _refusal(good.certificate, good.key)


def test_expired_or_not_yet_valid(good: Certificate):
    assert "expired on" in _refusal(good.certificate, good.key, _now() + timedelta(days=31))
    assert "valid only from" in _refusal(good.certificate, good.key, _now() - timedelta(days=1))


def test_names(good: Certificate):
    leaf = x509.load_pem_x509_certificate(good.certificate.read_bytes())
    assert covers(leaf, "localhost")
    assert covers(leaf, "127.0.0.1")
    assert not covers(leaf, "meet.example")


async def _served_serial(tls_in_use: Tls, *, server_name: str | None) -> int:
    """The serial number of the certificate that a client sees."""
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0, ssl=tls_in_use.context)
    client = ssl.create_default_context()
    client.check_hostname = False
    client.verify_mode = ssl.CERT_NONE
    async with server:
        _, port = server.sockets[0].getsockname()
        _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=client, server_hostname=server_name or "")
        seen = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        writer.close()
    return x509.load_der_x509_certificate(seen).serial_number


@pytest.mark.parametrize("server_name", ["localhost", None])
async def test_renewed_certificate_is_served_and_a_wrong_one_is_not(
    good: Certificate, other: Certificate, server_name: str | None, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(tls, "_LOOK_EVERY_S", 0.01)
    in_use = Tls(good.certificate, good.key, FakeClock(_now()))
    first = in_use.leaf.serial_number
    assert await _served_serial(in_use, server_name=server_name) == first

    shutil.copy(other.certificate, good.certificate)
    in_use.reload()
    assert await _served_serial(in_use, server_name=server_name) == first

    watching = asyncio.get_running_loop().create_task(in_use.watch())
    shutil.copy(other.key, good.key)
    await eventually(lambda: in_use.leaf.serial_number != first)
    watching.cancel()
    renewed = x509.load_pem_x509_certificate(other.certificate.read_bytes()).serial_number
    assert await _served_serial(in_use, server_name=server_name) == renewed


def test_valid_until_is_utc(good: Certificate):
    _, leaf = load_certificate(good.certificate, good.key, _now())
    assert leaf.not_valid_after_utc.tzinfo is UTC
