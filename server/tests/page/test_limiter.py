import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moothall.kit.allowances import Allowances, address_key
from moothall.page.limiter import GuessLimiter

DAY = 24 * 3600.0
CODE = "123456789012"


def _guesses_in(seconds: float, *, with_token: bool, addresses: int, at_once: int = 1) -> int:
    """How often somebody with this many addresses can be wrong about one code, asking again whenever the limiter lets them."""
    limiter = GuessLimiter()
    now, made = 0.0, 0
    while now < seconds:
        waits = []
        for number in range(addresses):
            address = f"198.51.{number // 256}.{number % 256}"
            wait = limiter.wait_for_guess(address, CODE, now, with_token=with_token)
            if wait:
                waits.append(wait)
                continue
            for _ in range(at_once):
                limiter.was_wrong(address, CODE, now, code_exists=with_token)
                made += 1
            waits.append(0)
        now += max(1, min(waits))
    return made


def test_one_address_can_be_wrong_500_times_a_day_at_most() -> None:
    assert 300 < _guesses_in(DAY, with_token=False, addresses=1) <= 500


def test_asking_in_parallel_gains_nothing() -> None:
    assert _guesses_in(DAY, with_token=False, addresses=1, at_once=16) <= 500


def test_a_host_link_can_be_guessed_2000_times_a_day_at_most_by_however_many() -> None:
    assert 1000 < _guesses_in(DAY, with_token=True, addresses=64) <= 2000


def test_a_million_guesses_would_take_years() -> None:
    per_day = _guesses_in(DAY, with_token=False, addresses=1)

    assert 1_000_000 / per_day > 5 * 365


def test_ten_typing_errors_are_free() -> None:
    limiter = GuessLimiter()
    for _ in range(10):
        assert limiter.wait_for_guess("198.51.100.1", CODE, 0.0, with_token=False) == 0
        limiter.was_wrong("198.51.100.1", CODE, 0.0, code_exists=False)

    assert limiter.wait_for_guess("198.51.100.1", CODE, 0.0, with_token=False) == 190
    assert limiter.wait_for_guess("198.51.100.2", CODE, 0.0, with_token=False) == 0
    assert limiter.wait_for_guess("198.51.100.1", CODE, 190.0, with_token=False) == 0


def test_guests_without_a_link_do_not_suffer_from_guesses_of_the_link() -> None:
    limiter = GuessLimiter()
    for number in range(30):
        limiter.was_wrong(f"198.51.100.{number}", CODE, 0.0, code_exists=True)

    assert limiter.wait_for_guess("203.0.113.1", CODE, 0.0, with_token=True) > 0
    assert limiter.wait_for_guess("203.0.113.1", CODE, 0.0, with_token=False) == 0


def test_an_office_behind_one_address_may_ask_together() -> None:
    limiter = GuessLimiter()

    assert all(limiter.wait_for_request("198.51.100.1", 0.0) == 0 for _ in range(120))
    assert limiter.wait_for_request("198.51.100.1", 0.0) == 1
    assert limiter.wait_for_request("198.51.100.1", 1.0) == 0


def test_what_is_remembered_is_bounded() -> None:
    allowances = Allowances(burst=2, per_second=0.001, most_keys=100)
    for number in range(10_000):
        allowances.spend(f"key-{number}", float(number) / 1000)

    assert len(allowances) == 100
    assert allowances.wait("key-9999", 10.0) == 0


def test_whoever_has_paid_off_everything_is_forgotten() -> None:
    allowances = Allowances(burst=2, per_second=1)
    for number in range(50):
        allowances.spend(f"key-{number}", 0.0)

    allowances.spend("last", 10.0)

    assert len(allowances) == 1


@given(steps=st.lists(st.tuples(st.floats(0, 100), st.booleans()), max_size=50))
def test_nobody_spends_more_than_the_burst_and_what_came_back(steps: list[tuple[float, bool]]) -> None:
    allowances = Allowances(burst=5, per_second=0.5)
    now, spent = 0.0, 0
    for passed, _ in steps:
        now += passed
        if allowances.wait("key", now) == 0:
            allowances.spend("key", now)
            spent += 1

    assert spent <= 5 + 0.5 * now + 1e-6


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("198.51.100.1", "198.51.100.1"),
        ("::ffff:198.51.100.1", "198.51.100.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", "unknown"),
        ("testclient", "unknown"),
    ],
)
def test_what_counts_as_one_client(address: str, key: str) -> None:
    assert address_key(address) == key


@given(first=st.ip_addresses(v=6), low=st.integers(0, 2**64 - 1))
def test_a_customer_with_a_64_has_one_allowance(first: ipaddress.IPv6Address, low: int) -> None:
    if first.ipv4_mapped is not None:
        return
    neighbour = ipaddress.IPv6Address((int(first) >> 64 << 64) | low)

    if neighbour.ipv4_mapped is None:
        assert address_key(str(first)) == address_key(str(neighbour))
