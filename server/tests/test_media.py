"""Where the SFU listens and what clients are told."""

import ipaddress
from pathlib import Path
from typing import Any

import pytest
from support.stun import stun_server

from moothall.kit.public_address import AddressUnknown
from moothall.media import ask_public_address, bind_addresses, open_sfu
from moothall.settings import Settings


def candidates(settings: Settings, **options: Any) -> list[str]:
    engine = open_sfu(settings, any_port=True, **options)
    try:
        return [str(candidate).replace(str(engine.tcp_port), "T") for candidate in engine.candidates]
    finally:
        engine.close()


def test_advertised_addresses_of_both_families_are_told_for_udp_and_tcp(tmp_path: Path):
    told = candidates(Settings(data_dir=tmp_path, advertise_ip=("203.0.113.7", "2001:db8::7")))

    assert [one for one in told if one.endswith("/tcp")] == ["203.0.113.7:T/tcp", "[2001:db8::7]:T/tcp"]
    assert [one.rpartition(":")[0] for one in told if one.endswith("/udp")] == ["203.0.113.7", "[2001:db8::7]"]


def test_media_of_both_families_is_taken_unless_one_is_advertised():
    every_ipv4, every_ipv6 = str(ipaddress.IPv4Address(0)), "::"

    assert bind_addresses(()) in ([every_ipv4, every_ipv6], [every_ipv4])
    assert bind_addresses(("203.0.113.7",)) == [every_ipv4]
    assert bind_addresses(("2001:db8::7",)) == [every_ipv6]


def test_without_tcp(tmp_path: Path):
    told = candidates(Settings(data_dir=tmp_path, tcp_port=None, advertise_ip=("203.0.113.7",)))

    assert [one.rpartition("/")[2] for one in told] == ["udp"]


def test_a_detected_address_is_told_beside_the_own_ones(tmp_path: Path):
    told = candidates(Settings(data_dir=tmp_path), public_ip="203.0.113.7")

    addresses = {ipaddress.ip_address(one.rpartition(":")[0].strip("[]")) for one in told}
    assert ipaddress.ip_address("203.0.113.7") in addresses
    assert len(addresses) > 1


def test_the_public_address_is_asked_for_only_where_it_is_wanted(tmp_path: Path):
    with stun_server(("203.0.113.7", 1)) as server:
        asking = Settings(data_dir=tmp_path, udp_ports=(0,), stun_server=server)
        public = ask_public_address(asking)

    assert public is not None
    assert public.ip == "203.0.113.7"
    assert ask_public_address(asking.model_copy(update={"advertise_ip": ("198.51.100.1",)})) is None
    assert ask_public_address(Settings(data_dir=tmp_path)) is None
    with pytest.raises(AddressUnknown):
        ask_public_address(asking.model_copy(update={"stun_server": "nowhere.invalid:3478"}))
