"""A setting is written once: options, variables and the documentation follow from it."""

import inspect
from pathlib import Path

import pytest

from moothall.cli.health import doctor
from moothall.cli.server import serve
from moothall.settings import Settings, SettingsInvalid, load_settings, unknown_variables
from moothall.settings.reference import has_flag, reference

_DOCS = Path(__file__).parents[3] / "docs"


def test_every_setting_but_secrets_and_tables_is_an_option():
    without = {name for name, field in Settings.model_fields.items() if not has_flag(field)}
    expected = set(Settings.model_fields) - without

    assert without == {
        "turn_secret",
        "dial_in_numbers",
        "price_tables",
        "host_token_secret",
        "control_token_secret",
        "livekit_api_secret",
    }
    assert set(inspect.signature(serve).parameters) == expected | {"config", "demo"}
    assert set(inspect.signature(doctor).parameters) == expected | {"config", "as_json"}


def test_every_setting_says_what_it_is():
    for name, field in Settings.model_fields.items():
        assert field.description, name
        assert field.description.endswith((".", ")")), name


def test_the_documentation_is_that_of_the_code():
    assert (_DOCS / "settings.md").read_text() == reference(), "run `make settings-docs`"


def test_mistyped_names_are_noticed_with_what_was_probably_meant(tmp_path: Path):
    config = tmp_path / "moothall.toml"
    config.write_text("publik_url = 'https://meet.example'\n")

    with pytest.raises(SettingsInvalid, match=rf"publik_url: unknown setting in {config}; did you mean public_url\?"):
        load_settings(config)
    assert unknown_variables(
        {"MOOTHALL_PROT": "1", "MOOTHALL_PORT_FILE": "x", "PATH": "y", "MOOTHALL_CONFIG": "z"}
    ) == ["MOOTHALL_PROT is not a setting; did you mean MOOTHALL_PORT?"]


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"port 8080", "is not valid TOML"),
        (b"\xff\xfe", "is not UTF-8 text"),
        (b"port = 'x'", "port: "),
    ],
)
def test_a_file_that_cannot_be_used_is_named(tmp_path: Path, content: bytes, complaint: str):
    config = tmp_path / "moothall.toml"
    config.write_bytes(content)

    with pytest.raises(SettingsInvalid, match=complaint):
        load_settings(config)
    with pytest.raises(SettingsInvalid, match="cannot be read: Is a directory"):
        load_settings(tmp_path)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("https://bücher.example", "https://xn--bcher-kva.example"),
        ("HTTPS://Meet.Example:443/", "https://meet.example"),
        ("http://例え.テスト:8080", "http://xn--r8jz45g.xn--zckzah:8080"),
        ("https://[2001:DB8::1]:8443", "https://[2001:db8::1]:8443"),
    ],
)
def test_public_url_as_browsers_write_it(given: str, kept: str):
    assert load_settings(public_url=given).public_url == kept


@pytest.mark.parametrize("given", ["https://a b", "https://a;b", "https://-.☃", "https://x:99999", "https://[::1", "x"])
def test_public_url_that_is_none(given: str):
    with pytest.raises(SettingsInvalid, match="public_url: "):
        load_settings(public_url=given)


def test_hosts_of_other_settings_become_punycode_too():
    settings = load_settings(
        turn_urls="turn:bücher.example:3478", turn_secret="s" * 16, stun_server="bücher.example", host="::,LOCALHOST"
    )

    assert settings.turn_urls == ("turn:xn--bcher-kva.example:3478",)
    assert settings.stun_server == "xn--bcher-kva.example:3478"
    assert settings.hosts == ("::", "localhost")


def test_lists_of_networks_and_hosts():
    settings = load_settings(
        trusted_proxies="10.0.0.1, 2001:db8::/32", callback_networks="10.1.2.3/8,Hooks.Internal,*.corp.example"
    )

    assert settings.trusted_proxies == ("10.0.0.1/32", "2001:db8::/32")
    assert settings.callback_networks == ("10.0.0.0/8", "hooks.internal", "*.corp.example")
    for wrong in ("10.0.0.300", "10.0.0.0/40", "a/b", "http://hooks", "*"):
        with pytest.raises(SettingsInvalid, match="callback_networks: "):
            load_settings(callback_networks=wrong)
    with pytest.raises(SettingsInvalid, match="trusted_proxies: "):
        load_settings(trusted_proxies="proxy.example")
