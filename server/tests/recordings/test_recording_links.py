from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moothall.kit.keys import derive_key
from moothall.recordings.links import is_valid, recording_url

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
KEY = derive_key("a secret of the server", "recording links")
RECORDING = "9d7cd94b-04b9-4c5b-9b6d-9a3f1b2f6e11"


def link() -> tuple[str, str]:
    """The two parameters of a link made now: expires and signature."""
    query = parse_qs(urlsplit(recording_url("https://meet.example", RECORDING, NOW, KEY)).query)
    return query["expires"][0], query["signature"][0]


def test_a_link_is_absolute_and_names_its_recording():
    url = urlsplit(recording_url("https://meet.example", RECORDING, NOW, KEY))

    assert (url.scheme, url.netloc, url.path) == ("https", "meet.example", f"/files/recordings/{RECORDING}")


@pytest.mark.parametrize(
    ("after", "valid"),
    [(timedelta(0), True), (timedelta(minutes=15, seconds=-1), True), (timedelta(minutes=15), False)],
)
def test_a_link_lives_a_quarter_of_an_hour(after: timedelta, valid: bool):
    expires, signature = link()

    assert is_valid(RECORDING, expires, signature, NOW + after, KEY) is valid


def test_a_link_is_for_one_recording_until_one_moment():
    expires, signature = link()

    assert not is_valid("9d7cd94b-04b9-4c5b-9b6d-9a3f1b2f6e12", expires, signature, NOW, KEY)
    assert not is_valid(RECORDING, str(int(expires) + 1), signature, NOW, KEY)
    assert not is_valid(RECORDING, "0" + expires, signature, NOW, KEY)
    assert not is_valid(RECORDING, expires, signature.upper(), NOW, KEY)
    assert not is_valid(RECORDING, expires, signature, NOW, derive_key("another secret", "recording links"))
    assert not is_valid(RECORDING, expires, signature, NOW, derive_key("a secret of the server", "logo upload forms"))


@given(recording=st.text(max_size=40), expires=st.text(max_size=16), signature=st.text(max_size=70))
def test_invented_links_are_refused(recording: str, expires: str, signature: str):
    assert not is_valid(recording, expires, signature, NOW, KEY)
