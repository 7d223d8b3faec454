"""The holder of a host link is the owner of that room and of no other."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey

from moothall.rooms import links
from moothall.rooms.model import Room, RoomType

SECRET = "s" * 43
ROOM = Room(
    "id", "app", "Weekly", RoomType.INSTANT, "123456789012", "owner-1", datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
)


def test_host_link_carries_a_jwt_of_the_owner():
    token = links.owner_token(ROOM, SECRET)

    decoded = jwt.decode(token, OctKey.import_key(SECRET), algorithms=["HS256"])

    assert decoded.claims == {"participantId": "owner-1", "iat": 1795348800}
    assert links.host_url("https://meet.example", ROOM, SECRET) == (
        f"https://meet.example/?room_token=123456789012&participant_token={token}"
    )


def test_token_opens_its_own_room_every_time():
    token = links.owner_token(ROOM, SECRET)

    assert links.owner_of(ROOM, token, SECRET) == "owner-1"
    assert links.owner_token(ROOM, SECRET) == token


@pytest.mark.parametrize(
    "token",
    [
        links.owner_token(replace(ROOM, owner_participant_id="owner-2"), SECRET),
        links.owner_token(ROOM, "t" * 43),
        links.owner_token(ROOM, SECRET)[:-1],
        links.owner_token(ROOM, SECRET) + "=",
        jwt.encode({"alg": "HS256"}, {"participantId": "owner-1"}, OctKey.import_key(SECRET)),
        jwt.encode({"alg": "HS256"}, {"participantId": "owner-1", "iat": 1795348801}, OctKey.import_key(SECRET)),
        "",
        "owner-1",
        "\udcff",
        "x" * 100_000,
    ],
)
def test_nothing_else_opens_it(token: str):
    assert links.owner_of(ROOM, token, SECRET) is None
