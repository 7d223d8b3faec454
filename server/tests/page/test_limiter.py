from moothall.page.limiter import PageRateLimits

DAY = 24 * 3600.0
CODE = "123456789012"


def _guesses_in(seconds: float, *, with_token: bool, addresses: int, at_once: int = 1) -> int:
    """Return the wrong guesses at one code that this many addresses get past the limiter."""
    limiter = PageRateLimits()
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


def test_one_address_can_be_wrong_5000_times_a_day_at_most() -> None:
    assert 4000 < _guesses_in(DAY, with_token=False, addresses=1) <= 5000


def test_asking_in_parallel_gains_nothing() -> None:
    assert _guesses_in(DAY, with_token=False, addresses=1, at_once=16) <= 5000


def test_a_host_link_can_be_guessed_2000_times_a_day_at_most_by_however_many() -> None:
    assert 1000 < _guesses_in(DAY, with_token=True, addresses=64) <= 2000


def test_trying_all_codes_would_take_ages() -> None:
    per_day = _guesses_in(DAY, with_token=False, addresses=1)

    # Codes have twelve digits.
    assert 10**12 / per_day > 100_000 * 365


def test_a_school_may_mistype_300_times_at_once() -> None:
    limiter = PageRateLimits()
    for _ in range(300):
        assert limiter.wait_for_guess("198.51.100.1", CODE, 0.0, with_token=False) == 0
        limiter.was_wrong("198.51.100.1", CODE, 0.0, code_exists=False)

    assert limiter.wait_for_guess("198.51.100.1", CODE, 0.0, with_token=False) == 20
    assert limiter.wait_for_guess("198.51.100.2", CODE, 0.0, with_token=False) == 0
    assert limiter.wait_for_guess("198.51.100.1", CODE, 20.0, with_token=False) == 0


def test_guests_without_a_link_do_not_suffer_from_guesses_of_the_link() -> None:
    limiter = PageRateLimits()
    for number in range(30):
        limiter.was_wrong(f"198.51.100.{number}", CODE, 0.0, code_exists=True)

    assert limiter.wait_for_guess("203.0.113.1", CODE, 0.0, with_token=True) > 0
    assert limiter.wait_for_guess("203.0.113.1", CODE, 0.0, with_token=False) == 0


def test_an_office_behind_one_address_may_ask_together() -> None:
    limiter = PageRateLimits()

    assert all(limiter.wait_for_person("198.51.100.1", None, 0.0) == 0 for _ in range(600))
    assert limiter.wait_for_person("198.51.100.1", None, 0.0) == 1
    assert limiter.wait_for_person("198.51.100.1", None, 1.0) == 0


def test_a_token_is_limited_by_its_person_wherever_they_are() -> None:
    limiter = PageRateLimits()
    for number in range(60):
        assert limiter.wait_for_person(f"198.51.100.{number}", "ada", 0.0) == 0

    assert limiter.wait_for_person("203.0.113.1", "ada", 0.0) == 1
    assert limiter.wait_for_person("203.0.113.1", "bob", 0.0) == 0


def test_a_school_in_a_waiting_room_loses_nothing() -> None:
    """150 people behind one address ask every eight seconds, for ten minutes."""
    limiter = PageRateLimits()

    for second in range(0, 600, 8):
        for pupil in range(150):
            assert limiter.wait_for_any("198.51.100.1", second) == 0
            assert limiter.wait_for_person("198.51.100.1", f"pupil-{pupil}", second) == 0
