"""The TURN server in the messages to participants."""

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import pytest
from livekit.protocol import models as pb_models
from livekit.protocol import rtc as pb
from support.playbook import START, Stage

from moothall.livekit import codec
from moothall.livekit.responses import Join, Reconnect
from moothall.signalling.events import ClientDetached, ClientResumed
from moothall.signalling.relay import Relay

_RELAY = Relay(("turns:turn.example:5349?transport=tcp", "turn:turn.example"), "north" * 4, timedelta(hours=2))


def test_password_proves_what_the_user_name_says():
    now = datetime(2026, 1, 1, tzinfo=UTC)

    (server,) = _RELAY.servers("PA_1", now)

    assert server.urls == _RELAY.urls
    assert server.username == f"{int(now.timestamp()) + 7200}:PA_1"
    expected = hmac.new(("north" * 4).encode(), server.username.encode(), hashlib.sha1).digest()
    assert base64.b64decode(server.credential) == expected


def test_addresses_without_tls_are_left_out_for_who_wants_tls_unless_there_are_no_others():
    now = datetime(2026, 1, 1, tzinfo=UTC)
    plain = Relay(("turn:turn.example",), "north" * 4, timedelta(hours=2))

    (secure,), (only_plain,) = _RELAY.servers("PA_1", now, over_tls=True), plain.servers("PA_1", now, over_tls=True)

    assert secure.urls == ("turns:turn.example:5349?transport=tcp",)
    assert only_plain.urls == plain.urls


def test_participants_are_told_at_the_join_and_again_at_a_resume():
    stage = Stage(relay=_RELAY)
    alice = stage.connects("alice")
    (at_join,) = stage.told(alice, Join)[0].ice_servers
    stage.happens(ClientDetached(alice))
    stage.passes(10)
    stage.happens(ClientResumed(alice))

    (at_resume,) = stage.told(alice, Reconnect)[0].ice_servers

    assert at_join.username == f"{int((START + timedelta(hours=2)).timestamp())}:{alice}"
    assert at_resume.username == f"{int((START + timedelta(hours=2, seconds=10)).timestamp())}:{alice}"


@pytest.mark.parametrize(("minutes", "lives"), [(10, 600), (119, 7140), (121, 7200), (None, 7200)])
def test_credentials_do_not_outlive_the_token_they_came_with(minutes: int | None, lives: int):
    stage = Stage(relay=_RELAY)
    ends = None if minutes is None else START + timedelta(minutes=minutes)
    alice = stage.connects("alice", token_expires_at=ends)
    (at_join,) = stage.told(alice, Join)[0].ice_servers
    stage.happens(ClientDetached(alice))
    stage.passes(10)
    renewed = None if ends is None else ends + timedelta(seconds=10)
    stage.happens(ClientResumed(alice, renewed))
    (at_resume,) = stage.told(alice, Reconnect)[0].ice_servers

    assert at_join.username == f"{int(START.timestamp()) + lives}:{alice}"
    assert at_resume.username == f"{int(START.timestamp()) + lives + 10}:{alice}"


def test_nobody_is_told_of_what_is_not_there():
    stage = Stage()
    alice = stage.connects("alice")

    assert stage.told(alice, Join)[0].ice_servers == ()


def test_secrets_do_not_show_in_representations():
    (server,) = _RELAY.servers("PA_1", datetime(2026, 1, 1, tzinfo=UTC))

    assert "north" not in repr(_RELAY)
    assert server.credential not in repr(server)


def test_servers_are_written_where_clients_look_for_them():
    (server,) = _RELAY.servers("PA_1", datetime(2026, 1, 1, tzinfo=UTC))

    written = codec.encode_response(Reconnect(0, (server,)), as_json=False)

    assert isinstance(written, bytes)
    (read,) = pb.SignalResponse.FromString(written).reconnect.ice_servers
    assert (tuple(read.urls), read.username, read.credential) == (server.urls, server.username, server.credential)


@pytest.mark.parametrize("force_relay", [False, True])
def test_clients_are_told_to_use_nothing_else_only_where_they_are_to(force_relay: bool):
    written = codec.encode_response(Reconnect(0, (), force_relay))

    assert isinstance(written, bytes)
    read = pb.SignalResponse.FromString(written).reconnect
    assert read.HasField("client_configuration") is force_relay
    wanted = pb_models.ClientConfigSetting.ENABLED if force_relay else pb_models.ClientConfigSetting.UNSET
    assert read.client_configuration.force_relay == wanted
