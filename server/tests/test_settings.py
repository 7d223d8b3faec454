"""Where settings come from and which are refused; the secrets a server makes for itself."""

import json
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from moothall.settings import Settings, SettingsInvalid, load_secrets, load_settings


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "moothall.toml"
    path.write_text('port = 1\nhost = "10.0.0.1"\nudp_ports = [7000, 7001]\nadvertise_ip = ["203.0.113.7"]\n')
    return path


def test_defaults_need_nothing():
    settings = load_settings()

    assert (settings.host, settings.port, settings.udp_ports, settings.advertise_ip) == ("127.0.0.1", 8080, (7882,), ())
    assert settings.database == "sqlite:///data/moothall.db"
    assert settings.origin == "http://localhost:8080"
    assert settings.allow_loopback_callbacks is False


def test_flag_wins_over_variable_over_secret_file_over_toml(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    assert load_settings(config).port == 1

    (tmp_path / "port").write_text("2\n")
    monkeypatch.setenv("MOOTHALL_PORT_FILE", str(tmp_path / "port"))
    assert load_settings(config).port == 2

    monkeypatch.setenv("MOOTHALL_PORT", "3")
    assert load_settings(config).port == 3

    assert load_settings(config, port=4).port == 4
    assert load_settings(config, port=None).port == 3
    assert load_settings(config).host == "10.0.0.1"


def test_variable_names_the_file(config: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MOOTHALL_CONFIG", str(config))

    settings = load_settings()

    assert settings.udp_ports == (7000, 7001)
    assert settings.advertise_ip == ("203.0.113.7",)


@pytest.mark.parametrize(("given", "port"), [("off", None), ("443", 443), (0, 0), (None, 7881)])
def test_tcp_port_for_media(given: Any, port: int | None):
    assert load_settings(tcp_port=given).tcp_port == port


@pytest.mark.parametrize(
    ("given", "server"), [("stun.example", "stun.example:3478"), ("192.0.2.1:19302", "192.0.2.1:19302"), (None, None)]
)
def test_stun_server(given: str | None, server: str | None):
    assert load_settings(stun_server=given).stun_server == server


def test_turn_server_comes_with_its_secret():
    settings = load_settings(
        turn_urls="turns:turn.example:5349?transport=tcp, turn:[2001:db8::1]", turn_secret="s" * 16
    )

    assert settings.turn_urls == ("turns:turn.example:5349?transport=tcp", "turn:[2001:db8::1]")
    assert "ssss" not in repr(settings)
    with pytest.raises(SettingsInvalid, match="come together"):
        load_settings(turn_urls="turn:turn.example")
    with pytest.raises(SettingsInvalid, match="at least 16 characters"):
        load_settings(turn_urls="turn:turn.example", turn_secret="s" * 15)


def test_unknown_key_in_the_file_is_an_error(config: Path):
    config.write_text("prot = 8080\n")

    with pytest.raises(SettingsInvalid, match="prot: unknown setting"):
        load_settings(config)


def test_file_that_is_no_toml_is_an_error(config: Path):
    config.write_text("port 8080")

    with pytest.raises(SettingsInvalid):
        load_settings(config)


@pytest.mark.parametrize(
    ("given", "ports"),
    [
        ("7882", (7882,)),
        ("7882-7884", (7882, 7883, 7884)),
        ("7882, 9000-9001", (7882, 9000, 9001)),
        (7882, (7882,)),
        ([1, 2], (1, 2)),
        ("0", (0,)),
    ],
)
def test_udp_ports(given: Any, ports: tuple[int, ...]):
    assert load_settings(udp_ports=given).udp_ports == ports


def test_webhook_urls_are_listed_or_refused():
    assert load_settings().livekit_webhook_urls == ()
    given = "https://a.example/hook, http://b.example:8000"
    assert load_settings(livekit_webhook_urls=given).livekit_webhook_urls == tuple(given.split(", "))
    for wrong in ("ftp://a.example", "a.example", ",".join(["https://a.example"] * 9)):
        with pytest.raises(SettingsInvalid, match="livekit_webhook_urls"):
            load_settings(livekit_webhook_urls=wrong)


@pytest.mark.parametrize("given", ["auto", "", "auto, "])
def test_addresses_can_be_left_to_the_machine(given: str):
    assert load_settings(advertise_ip=given).advertise_ip == ()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("tcp_port", "none"),
        ("turn_urls", "https://turn.example"),
        ("turn_urls", "turn:turn.example"),
        ("turn_secret", "x" * 40),
        ("tcp_port", 70000),
        ("stun_server", "stun://x"),
        ("stun_server", "stun.example:port"),
        ("udp_ports", "many"),
        ("udp_ports", "70000"),
        ("udp_ports", "1-100000"),
        ("udp_ports", "9-1"),
        ("port", "70000"),
        ("advertise_ip", "example.com"),
        ("public_url", "example.com"),
        ("public_url", "https://example.com/meet"),
        ("public_url", "https://user@example.com"),
        ("log_level", "loud"),
        ("host_token_secret", "short"),
        ("tls_cert", "cert.pem"),
    ],
)
def test_what_makes_no_sense_is_refused_without_repeating_it(name: str, value: str):
    with pytest.raises(SettingsInvalid) as refused:
        load_settings(**{name: value})

    assert name in str(refused.value)
    if name == "host_token_secret":
        assert value not in str(refused.value)


@pytest.mark.parametrize(
    ("options", "origin"),
    [
        ({"public_url": "https://meet.example/"}, "https://meet.example"),
        ({"host": "0.0.0.0", "port": 99}, "http://localhost:99"),  # noqa: S104 - nothing is bound
        ({"host": "192.0.2.1"}, "http://192.0.2.1:8080"),
        ({"host": "::1"}, "http://localhost:8080"),
        ({"host": "2001:db8::1"}, "http://[2001:db8::1]:8080"),
        ({"tls_cert": "c", "tls_key": "k"}, "https://localhost:8080"),
    ],
)
def test_origin_of_links(options: dict[str, Any], origin: str):
    assert load_settings(**options).origin == origin


def test_secrets_do_not_show():
    settings = load_settings(database_url="postgresql://u:hunter2@h/d", host_token_secret="s" * 40)

    assert "hunter2" not in repr(settings)
    assert "ssss" not in repr(settings)
    assert settings.database == "postgresql://u:hunter2@h/d"


def test_secrets_are_made_once_and_kept(tmp_path: Path):
    settings = Settings(data_dir=tmp_path / "data")

    first = load_secrets(settings)
    second = load_secrets(settings)

    path = tmp_path / "data" / "secrets.json"
    assert first == second
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in path.parent.iterdir()] == ["secrets.json"]
    assert len({first.host_token, first.control_token, first.livekit_api_secret}) == 3
    assert min(map(len, json.loads(path.read_text()).values())) >= 43
    assert first.host_token not in repr(first)


def test_servers_that_start_together_agree_on_the_secrets(tmp_path: Path):
    settings = Settings(data_dir=tmp_path / "data")

    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: load_secrets(settings), range(16)))

    assert len(set(made)) == 1


def test_secret_of_the_settings_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "secret").write_text("f" * 40 + "\n")
    monkeypatch.setenv("MOOTHALL_LIVEKIT_API_SECRET_FILE", str(tmp_path / "secret"))

    secrets = load_secrets(load_settings(data_dir=tmp_path))

    assert secrets.livekit_api_secret == "f" * 40


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"host_token_secret": "x"}'])
def test_damaged_secrets_are_said_so(tmp_path: Path, text: str):
    (tmp_path / "secrets.json").write_text(text)

    with pytest.raises(SettingsInvalid, match="is damaged"):
        load_secrets(Settings(data_dir=tmp_path))
