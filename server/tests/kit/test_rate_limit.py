import ipaddress
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moothall.kit.rate_limit import RateLimit, RateLimits, address_key


def test_a_single_limit_gives_the_burst_and_then_the_rate() -> None:
    limit = RateLimit(per_second=2, burst=5)

    assert [limit.take(0.0) for _ in range(6)] == [True] * 5 + [False]
    assert limit.wait(0.0) == pytest.approx(0.5)
    assert not limit.take(0.4)
    assert limit.take(0.5)
    assert limit.wait(0.5, 6) == math.inf


def test_what_is_given_back_can_be_taken_again_up_to_the_burst() -> None:
    limit = RateLimit(per_second=1, burst=2)
    assert limit.take(0.0, 2)

    limit.give_back(0.5)
    assert not limit.take(0.0)
    limit.give_back(10)
    assert limit.take(0.0, 2)
    assert not limit.take(0.0, 0.5)


def test_a_debt_is_paid_before_anything_can_be_taken() -> None:
    limit = RateLimit(per_second=1, burst=1)
    for _ in range(3):
        limit.spend(0.0)

    assert limit.wait(0.0) == pytest.approx(3)
    assert not limit.take(2.5)
    assert limit.take(3.0)


def test_a_clock_that_stands_still_or_goes_back_refills_nothing() -> None:
    limit, limits = RateLimit(per_second=1, burst=1), RateLimits[str](per_second=1, burst=1)
    assert limit.take(10.0)
    assert limits.take("key", 10.0) == 0

    assert not limit.take(5.0)
    assert limits.take("key", 5.0) == 1


@given(rate=st.floats(0.01, 100), burst=st.integers(1, 100), amounts=st.lists(st.floats(0.1, 1), max_size=200))
def test_both_kinds_of_limit_say_the_same(rate: float, burst: int, amounts: list[float]) -> None:
    limit, limits = RateLimit(per_second=rate, burst=burst), RateLimits[int](per_second=rate, burst=burst)
    now = 0.0
    for number, amount in enumerate(amounts):
        now += (number % 3) * 0.1
        assert limit.take(now, amount) == (limits.take(7, now, amount) == 0)


@given(rate=st.floats(0.01, 100), burst=st.integers(1, 20), now=st.floats(0, 1e6))
def test_after_the_wait_it_can_be_taken(rate: float, burst: int, now: float) -> None:
    limits = RateLimits[str](per_second=rate, burst=burst)
    for _ in range(burst):
        assert limits.take("key", now) == 0

    seconds = limits.take("key", now)

    assert seconds >= 1
    assert limits.take("key", now + seconds) == 0


def test_what_is_remembered_is_bounded() -> None:
    limits: RateLimits[str] = RateLimits(burst=2, per_second=0.001, max_keys=100)
    for number in range(10_000):
        limits.spend(f"key-{number}", float(number) / 1000)

    assert len(limits) == 100
    assert limits.wait("key-9999", 10.0) == 0


def test_whoever_has_paid_off_everything_is_forgotten() -> None:
    limits: RateLimits[str] = RateLimits(burst=2, per_second=1)
    for number in range(50):
        limits.spend(f"key-{number}", 0.0)

    limits.spend("last", 10.0)

    assert len(limits) == 1


@given(steps=st.lists(st.tuples(st.floats(0, 100), st.booleans()), max_size=50))
def test_nobody_spends_more_than_the_burst_and_what_came_back(steps: list[tuple[float, bool]]) -> None:
    limits: RateLimits[str] = RateLimits(burst=5, per_second=0.5)
    now, spent = 0.0, 0
    for passed, _ in steps:
        now += passed
        if limits.wait("key", now) == 0:
            limits.spend("key", now)
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
def test_a_customer_with_a_64_has_one_limit(first: ipaddress.IPv6Address, low: int) -> None:
    if first.ipv4_mapped is not None:
        return
    neighbour = ipaddress.IPv6Address((int(first) >> 64 << 64) | low)

    if neighbour.ipv4_mapped is None:
        assert address_key(str(first)) == address_key(str(neighbour))
