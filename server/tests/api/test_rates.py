"""Rate limits of applications, with a clock that only the test advances."""

import pytest
from support.server import RunningServer, Tenant

from moothall.api.errors import TooManyRequests
from moothall.api.rates import Rate, RequestRates


@pytest.fixture
def rates() -> RequestRates:
    return RequestRates(requests=Rate(2, 10), costly=Rate(1, 3))


def remaining(headers: tuple[tuple[bytes, bytes], ...]) -> int:
    return int(dict(headers)[b"ratelimit-remaining"])


def test_a_burst_passes_and_then_one_in_the_time_it_takes_to_come_back(rates: RequestRates):
    assert [remaining(rates.count("acme", 0.0, costly=False)) for _ in range(10)] == list(range(9, -1, -1))
    with pytest.raises(TooManyRequests) as refusal:
        rates.count("acme", 0.0, costly=False)

    assert refusal.value.headers["Retry-After"] == "1"
    assert refusal.value.headers["ratelimit-limit"] == "10"
    assert refusal.value.headers["ratelimit-remaining"] == "0"
    rates.count("acme", 0.5, costly=False)
    with pytest.raises(TooManyRequests):
        rates.count("acme", 0.5, costly=False)


def test_applications_do_not_slow_each_other_down(rates: RequestRates):
    for _ in range(10):
        rates.count("acme", 0.0, costly=False)

    assert remaining(rates.count("globex", 0.0, costly=False)) == 9


def test_lists_and_deletions_have_an_allowance_of_their_own_within_the_whole(rates: RequestRates):
    for _ in range(3):
        rates.count("acme", 0.0, costly=True)
    with pytest.raises(TooManyRequests):
        rates.count("acme", 0.0, costly=True)

    # Four of ten are spent by now: the one that was refused for the smaller allowance counts for
    # the larger one.
    assert remaining(rates.count("acme", 0.0, costly=False)) == 5


def test_no_limit_where_none_is_set():
    rates = RequestRates(requests=Rate(0, 1), costly=Rate(0, 1))

    assert [rates.count("acme", 0.0, costly=True) for _ in range(5)] == [()] * 5


async def test_answers_say_what_is_left(acme: Tenant):
    first = await acme.get("/rooms/7b1091e1-6c3f-4b0e-9b0e-2f6a36ad3d80")
    listed = await acme.get("/rooms")

    assert first.headers["ratelimit-limit"] == "1000"
    assert first.headers["ratelimit-remaining"] == "999"
    assert first.headers["ratelimit-reset"] == "1"
    assert (listed.headers["ratelimit-limit"], listed.headers["ratelimit-remaining"]) == ("200", "199")


async def test_too_many_lists_are_refused_until_time_has_passed(server: RunningServer, acme: Tenant):
    for _ in range(200):
        assert (await acme.get("/rooms?page_size=1")).status_code == 200
    refused = await acme.get("/rooms")
    created = await acme.post("/rooms", json={"display_name": "Weekly"})
    server.clock.advance(seconds=int(refused.headers["retry-after"]))

    assert refused.status_code == 429
    assert refused.json() == {"message": "Too many requests", "name": "TooManyRequestsError", "status": 429}
    assert refused.headers["ratelimit-remaining"] == "0"
    assert created.status_code == 201
    assert (await acme.get("/rooms")).status_code == 200


async def test_wrong_credentials_of_an_address_are_limited_and_right_ones_pass(server: RunningServer, acme: Tenant):
    wrong = {"authorization": "Bearer nonsense"}
    statuses = [(await server.http.get("/v1/meetings/rooms", headers=wrong)).status_code for _ in range(60)]
    limited = await server.http.get("/v1/meetings/rooms", headers=wrong)
    basic = await server.http.get("/v2/applications", headers={"authorization": "Basic eDp5"})
    mine = await acme.get("/rooms")
    server.clock.advance(seconds=int(limited.headers["retry-after"]))
    later = await server.http.get("/v1/meetings/rooms", headers=wrong)

    assert statuses == [401] * 60
    assert limited.status_code == basic.status_code == 429
    assert mine.status_code == 200
    assert later.status_code == 401
