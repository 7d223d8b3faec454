import base64
import json
from datetime import timedelta

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey
from support.clock import START

from moothall.meeting.tokens import ParticipantClaims, ParticipantTokens, Purpose
from moothall.sessions.model import Role

SECRET = "control-secret-control-secret-control-secret"
ADA = ParticipantClaims("room-1", "ada", Role.OWNER)


@pytest.fixture
def tokens() -> ParticipantTokens:
    return ParticipantTokens(SECRET)


def _signed(secret: str = SECRET, algorithm: str = "HS256", **changes: object) -> str:
    claims = {
        "purpose": "moothall:control",
        "room": "room-1",
        "sub": "ada",
        "role": "owner",
        "exp": int(START.timestamp()) + 60,
        **changes,
    }
    present = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode({"alg": algorithm}, present, OctKey.import_key(secret), algorithms=[algorithm])


def _unsigned(header: dict[str, str]) -> str:
    _, payload, _ = _signed().split(".")
    return base64.urlsafe_b64encode(json.dumps(header).encode()).decode().rstrip("=") + f".{payload}."


def test_a_token_comes_back_as_what_it_was_made_of(tokens: ParticipantTokens) -> None:
    assert tokens.parse(Purpose.CONTROL, tokens.issue(Purpose.CONTROL, ADA, START), START) == ADA


def test_the_hand_made_token_of_these_tests_is_good(tokens: ParticipantTokens) -> None:
    """So that each of the bad ones below is bad for one reason only."""
    assert tokens.parse(Purpose.CONTROL, _signed(), START) == ADA


def test_a_token_is_good_for_a_day(tokens: ParticipantTokens) -> None:
    token = tokens.issue(Purpose.CONTROL, ADA, START)

    assert tokens.parse(Purpose.CONTROL, token, START + timedelta(days=1) - timedelta(seconds=1)) == ADA
    assert tokens.parse(Purpose.CONTROL, token, START + timedelta(days=1)) is None


@pytest.mark.parametrize(
    "token",
    [
        "",
        "x",
        "a.b.c",
        "..",
        "é.é.é",
        "\x00",
        "a" * 100_000,
        _signed("another-secret-another-secret-another-secret"),
        _signed(algorithm="HS512"),
        _unsigned({"alg": "none"}),
        _unsigned({"alg": "None"}),
        _unsigned({"alg": "HS256"}),
        _unsigned({"alg": "RS256"}),
        _signed()[:-2],
        _signed(purpose=None),
        _signed(purpose="host_link"),
        _signed(exp=None),
        _signed(exp="tomorrow"),
        _signed(exp=int(START.timestamp())),
        _signed(room=None),
        _signed(sub=None),
        _signed(role=None),
        _signed(role="admin"),
        _signed(role=["owner"]),
    ],
)
def test_anything_else_is_no_token(tokens: ParticipantTokens, token: str) -> None:
    assert tokens.parse(Purpose.CONTROL, token, START) is None


def test_a_token_is_good_for_its_purpose_only(tokens: ParticipantTokens) -> None:
    for purpose in Purpose:
        token = tokens.issue(purpose, ADA, START)
        assert [other for other in Purpose if tokens.parse(other, token, START)] == [purpose]
