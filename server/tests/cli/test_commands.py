"""The commands as an operator types them."""

import asyncio
import json
import re
import signal
import stat
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey
from support.process import run_command, run_json, server_process

from moothall import __version__
from moothall.db import open_database
from moothall.ledger import store as ledger
from moothall.ledger.model import Kind


def test_a_command_says_that_it_has_made_a_data_directory(tmp_path: Path) -> None:
    folder = tmp_path / "data"

    first = run_command("account", "show", "--data-dir", str(folder), "--json")
    second = run_command("account", "show", "--data-dir", str(folder), "--json")

    assert first.stderr == f"Made a new data directory: {folder} (--data-dir names an existing one)\n"
    assert second.stderr == ""
    assert first.stdout == second.stdout


def test_version():
    assert run_command("version").stdout == f"moothall {__version__}\n"
    assert run_command("--version").stdout == f"moothall {__version__}\n"


def test_application_token_and_room_from_the_command_line(tmp_path: Path):
    data_dir = tmp_path / "data"
    made = run_json("app", "create", "--name", "Acme", "--data-dir", str(data_dir))

    key = Path(made["private_key_file"])
    assert set(made) == {"application_id", "account_id", "private_key_file"}
    assert re.fullmatch(r"[0-9a-f]{8}", made["account_id"])
    assert key == data_dir / "keys" / f"{made['application_id']}.pem"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert stat.S_IMODE(data_dir.stat().st_mode) == 0o700
    assert stat.S_IMODE((data_dir / "moothall.db").stat().st_mode) == 0o600
    assert b"PRIVATE KEY" not in (data_dir / "moothall.db").read_bytes()

    token = run_command(
        "token", "mint", "--application-id", made["application_id"], "--private-key", str(key), "--minutes", "5"
    ).stdout.strip()
    claims = jwt.decode(token, RSAKey.import_key(key.read_text()), algorithms=["RS256"]).claims
    assert claims["application_id"] == made["application_id"]
    assert claims["exp"] - claims["iat"] == 300

    room = run_json(
        "room", "create", "--application-id", made["application_id"], "--name", "Weekly", "--data-dir", str(data_dir)
    )
    assert room["display_name"] == "Weekly"
    assert room["_links"]["guest_url"]["href"] == f"http://localhost:8080/{room['meeting_code']}"
    assert len(room) == 17


def test_second_application_belongs_to_the_same_account(tmp_path: Path):
    first = run_json("app", "create", "--name", "One", "--data-dir", str(tmp_path))
    second = run_json(
        "app", "create", "--name", "Two", "--data-dir", str(tmp_path), "--private-key-file", str(tmp_path / "two.pem")
    )
    account = run_json("account", "show", "--data-dir", str(tmp_path))

    assert first["account_id"] == second["account_id"] == account["account_id"]
    assert first["application_id"] != second["application_id"]
    assert second["private_key_file"] == str(tmp_path / "two.pem")
    assert len(account["signature_secret"]) >= 43
    assert account["api_secret"] != account["signature_secret"]


def test_key_is_never_replaced(tmp_path: Path):
    key = tmp_path / "key.pem"
    key.write_text("precious")

    done = run_command(
        "app", "create", "--name", "Acme", "--data-dir", str(tmp_path), "--private-key-file", str(key), check=False
    )

    assert done.returncode == 1
    assert "is not replaced" in done.stderr
    assert key.read_text() == "precious"


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("room", "create", "--application-id", "nope", "--name", "x"), "could not find application nope"),
        (("app", "create", "--name", " "), '"name" must have at least one visible character'),
        (("serve", "--udp-ports", "many"), "'many' is neither a port nor a range of ports"),
        (("serve", "--tls-cert", "cert.pem"), "tls_cert and tls_key come together"),
        (("serve", "--config", "/nowhere.toml"), "/nowhere.toml does not exist"),
        (("serve", "--tls-cert", "/no.pem", "--tls-key", "/no.pem"), "the certificate file /no.pem cannot be read"),
        (
            ("serve", "--port", "0", "--database-url", "mysql://x"),
            "database URLs begin with sqlite:/// or postgresql://",
        ),
        (("serve", "--host", "203.0.113.7", "--port", "0"), "cannot listen on 203.0.113.7:0"),
    ],
)
def test_mistakes_end_with_a_sentence(tmp_path: Path, arguments: tuple[str, ...], complaint: str):
    done = run_command(*arguments, "--data-dir", str(tmp_path), check=False)

    assert done.returncode == 1
    assert complaint in done.stderr
    assert "Traceback" not in done.stderr


def test_file_that_is_no_key_mints_nothing(tmp_path: Path):
    (tmp_path / "key.pem").write_text("hello")

    done = run_command(
        "token", "mint", "--application-id", "x", "--private-key", str(tmp_path / "key.pem"), check=False
    )

    assert done.returncode == 1
    assert "not an RSA private key in PEM" in done.stderr
    assert done.stdout == ""


def test_demo_prints_two_links_that_stay_the_same(tmp_path: Path):
    def links(output: list[str]) -> dict[str, str]:
        pairs = [line.strip().partition(": ") for line in output if " link: " in line]
        return {name: urlsplit(href.strip()).query or urlsplit(href.strip()).path for name, _, href in pairs}

    with server_process("--data-dir", str(tmp_path), "--demo") as server:
        version = httpx2.get(f"{server.origin}/version")
        ready = httpx2.get(f"{server.origin}/readyz")
        assert server.stop() == 0
        first = links(server.output)
        logged = [json.loads(line) for line in server.output if line.startswith("{")]
    with server_process("--data-dir", str(tmp_path), "--demo") as server:
        assert server.stop(signal.SIGINT) == 0
        second = links(server.output)

    assert version.json() == {"name": "moothall", "version": __version__}
    assert ready.json()["status"] == "ready"
    assert {entry["route"] for entry in logged if entry["event"] == "request"} == {"/version", "/readyz"}
    assert set(first) == {"Host link", "Guest link"}
    assert "room_token=" in first["Host link"]
    assert re.fullmatch(r"/[0-9]{12}", first["Guest link"])
    assert first == second


def test_commands_work_while_the_server_runs(tmp_path: Path):
    with server_process("--data-dir", str(tmp_path)) as server:
        made = run_json("app", "create", "--name", "Acme", "--data-dir", str(tmp_path))
        room = run_json(
            "room", "create", "--application-id", made["application_id"], "--name", "Now", "--data-dir", str(tmp_path)
        )
        token = run_command(
            "token", "mint", "--application-id", made["application_id"], "--private-key", made["private_key_file"]
        ).stdout.strip()
        seen = httpx2.get(
            f"{server.origin}/v1/meetings/rooms/{room['id']}", headers={"authorization": f"Bearer {token}"}
        )

    assert seen.status_code == 200
    host = room["_links"]["host_url"]["href"]
    assert seen.json()["_links"]["host_url"]["href"].partition("?")[2] == host.partition("?")[2]


def test_room_survives_a_crash(tmp_path: Path):
    made = run_json("app", "create", "--name", "Acme", "--data-dir", str(tmp_path))
    token = run_command(
        "token", "mint", "--application-id", made["application_id"], "--private-key", made["private_key_file"]
    ).stdout.strip()
    headers = {"authorization": f"Bearer {token}"}

    with server_process("--data-dir", str(tmp_path)) as server:
        room = httpx2.post(
            f"{server.origin}/v1/meetings/rooms", json={"display_name": "Weekly"}, headers=headers
        ).json()
        assert server.stop(signal.SIGKILL) == -signal.SIGKILL
    with server_process("--data-dir", str(tmp_path)) as server:
        found = httpx2.get(f"{server.origin}/v1/meetings/rooms/{room['id']}", headers=headers).json()

    del room["_links"], found["_links"]
    assert found == room


def test_settings_come_from_flag_then_variable_then_file(tmp_path: Path):
    config = tmp_path / "moothall.toml"
    config.write_text(f'data_dir = "{tmp_path / "from-file"}"\npublic_url = "https://file.example"\n')
    made = run_json("app", "create", "--name", "Acme", "--config", str(config))
    arguments = ("room", "create", "--application-id", made["application_id"], "--name", "Now", "--json")

    by_file = run_command(*arguments, "--config", str(config))
    environment = {"MOOTHALL_PUBLIC_URL": "https://variable.example", "MOOTHALL_CONFIG": str(config)}
    by_variable = run_command(*arguments, environment=environment)
    by_flag = run_command(*arguments, "--public-url", "https://flag.example", environment=environment)

    for done, host in ((by_file, "file"), (by_variable, "variable"), (by_flag, "flag")):
        assert json.loads(done.stdout)["_links"]["guest_url"]["href"].startswith(f"https://{host}.example/")


def test_the_signature_secret_is_rotated_once_a_day(tmp_path: Path):
    before = run_json("account", "show", "--data-dir", str(tmp_path))
    rotated = run_json("account", "rotate-signature-secret", "--data-dir", str(tmp_path))
    after = run_json("account", "show", "--data-dir", str(tmp_path))
    again = run_command("account", "rotate-signature-secret", "--data-dir", str(tmp_path), check=False)

    assert rotated["signature_secret"] == after["signature_secret"] != before["signature_secret"]
    assert after["account_id"] == before["account_id"]
    assert rotated["previous_signs_until"].endswith("Z")
    assert again.returncode == 1
    assert "24 hours" in again.stderr


def test_domains_are_allowed_from_the_command_line(tmp_path: Path):
    made = run_json("app", "create", "--name", "Acme", "--data-dir", str(tmp_path))
    command = ("app", "allow-domains", "--application-id", made["application_id"], "--data-dir", str(tmp_path))

    two = run_json(*command, "https://*.b.example", "https://A.example")
    none = run_json(*command)
    refused = run_command(*command, "*", check=False)

    assert two["allowed_domains"] == ["https://*.b.example", "https://a.example"]
    assert none["allowed_domains"] == []
    assert refused.returncode == 1
    assert "a domain must be such as https://app.example" in refused.stderr


def test_origins_are_allowed_from_the_command_line(tmp_path: Path):
    made = run_json("app", "create", "--name", "Acme", "--data-dir", str(tmp_path))
    command = ("app", "allow-origins", "--application-id", made["application_id"], "--data-dir", str(tmp_path))

    two = run_json(*command, "https://b.example", "https://A.example")
    said = run_command(*command, "http://localhost:5173").stdout
    none = run_json(*command)
    refused = run_command(*command, "*", check=False)

    assert two == {
        "application_id": made["application_id"],
        "allowed_origins": ["https://a.example", "https://b.example"],
    }
    assert "http://localhost:5173" in said
    assert none["allowed_origins"] == []
    assert refused.returncode == 1
    assert "must be a scheme and a host, such as https://app.example" in refused.stderr


def test_the_ledger_is_corrected_and_checked_from_the_command_line(tmp_path: Path):
    stored = ("--data-dir", str(tmp_path))
    application_id = run_json("app", "create", "--name", "Acme", *stored)["application_id"]
    asyncio.run(_bill_an_hour(f"sqlite:///{tmp_path}/moothall.db", application_id))
    correction = ("ledger", "correct", "1", "--milliseconds", "-60000", "--key", "17", "--note", "An outage")

    first = run_json(*correction, *stored)
    again = run_json(*correction, *stored)
    other = run_command(*correction[:3], "--milliseconds", "5", *correction[5:], *stored, check=False)
    missing = run_command("ledger", "correct", "9", *correction[3:], *stored, check=False)

    assert (first["id"], first["corrects"], first["milliseconds"]) == (2, 1, -60_000)
    assert again == first
    assert (other.returncode, other.stderr.strip()) == (1, "another correction has the key 17")
    assert (missing.returncode, missing.stderr.strip()) == (1, "the ledger has no entry 9")
    assert run_json("ledger", "check", *stored) == {"ledger": "sums and entries agree"}


async def _bill_an_hour(url: str, application_id: str) -> None:
    start = datetime(2026, 11, 22, 12, tzinfo=UTC)
    post = partial(ledger.post, kind=Kind.PARTICIPANT, application_id=application_id, room_id="room")
    database = open_database(url)
    await database.write(
        lambda connection: post(connection, session_id="s", source="1", start=start, end=start + timedelta(hours=1))
    )
    await database.close()
