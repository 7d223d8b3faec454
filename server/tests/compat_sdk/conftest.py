"""A running server over TLS, and an application on it, for clients that know nothing about us."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.process import Certificate, ServerProcess, make_certificate, run_json, server_process


@dataclass(frozen=True)
class Account:
    application_id: str
    private_key_file: str


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return make_certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="session")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="session")
def live(certificate: Certificate, data_dir: Path) -> Iterator[ServerProcess]:
    options = (
        "--data-dir",
        str(data_dir),
        "--tls-cert",
        str(certificate.certificate),
        "--tls-key",
        str(certificate.key),
    )
    with server_process(*options) as running:
        yield running


@pytest.fixture
def account(live: ServerProcess, data_dir: Path) -> Account:
    """A new application for each test, made while the server runs."""
    made = run_json("app", "create", "--name", "SDK", "--data-dir", str(data_dir))
    return Account(made["application_id"], made["private_key_file"])
