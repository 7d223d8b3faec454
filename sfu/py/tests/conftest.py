"""One engine per test, on loopback."""

from collections.abc import Iterator

import pytest

from moothall_sfu import Engine


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = Engine(bind_ips=["127.0.0.1"], udp_ports=[0])
    yield engine
    engine.close()
