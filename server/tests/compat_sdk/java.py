"""Runs the programs of compat/java with the stock Java SDK and reads what they print."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from support import pictures
from support.process import Certificate, ServerProcess, run_json

from .conftest import Account
from .past_meetings import record_session, start_instant_session

JAVA = Path(__file__).parents[3] / "compat" / "java"
_PASSWORD = "changeit"


def walk_through_meetings(
    live: ServerProcess, account: Account, certificate: Certificate, data_dir: Path, folder: Path
) -> dict[str, Any]:
    """The results of the calls in Meetings.java."""
    (folder / "logo.png").write_bytes(pictures.logo())
    (folder / "favicon.png").write_bytes(pictures.favicon())
    recorded = record_session(data_dir, account.application_id)
    running = start_instant_session(data_dir, account.application_id)
    variables = {
        "APPLICATION_ID": account.application_id,
        "PRIVATE_KEY_FILE": account.private_key_file,
        "LOGO_FILE": str(folder / "logo.png"),
        "FAVICON_FILE": str(folder / "favicon.png"),
        "RECORDING_ID": recorded.recording_id,
        "SESSION_ID": recorded.session_id,
        "RUNNING_RECORDING_ID": running.recording_id,
        "OCCUPIED_ROOM_ID": running.room_id,
    }
    return _run("Meetings", live, certificate, folder, variables) | {"sent": variables}


def walk_through_applications(
    live: ServerProcess, certificate: Certificate, data_dir: Path, folder: Path
) -> dict[str, Any]:
    """The results of the calls in Applications.java."""
    owner = run_json("account", "show", "--data-dir", str(data_dir))
    return _run(
        "Applications",
        live,
        certificate,
        folder,
        {"API_KEY": owner["account_id"], "API_SECRET": owner["api_secret"]},
    )


def list_all_rooms(
    live: ServerProcess, certificate: Certificate, folder: Path, lists: list[tuple[Account, str]]
) -> dict[str, Any]:
    """The names of all rooms of these applications and, of each, of those with a theme."""
    arguments = [part for account, theme in lists for part in (account.application_id, account.private_key_file, theme)]
    return _run("Pages", live, certificate, folder, {}, *arguments)


def _run(
    program: str,
    live: ServerProcess,
    certificate: Certificate,
    folder: Path,
    variables: dict[str, str],
    *arguments: str,
) -> dict[str, Any]:
    trusted = folder / "trusted.p12"
    if not trusted.exists():
        imported = ["-importcert", "-noprompt", "-alias", "moothall", "-file", str(certificate.certificate)]
        _checked(["keytool", *imported, "-keystore", str(trusted), "-storepass", _PASSWORD], {})
    command = [
        "java",
        f"-Djavax.net.ssl.trustStore={trusted}",
        f"-Djavax.net.ssl.trustStorePassword={_PASSWORD}",
        "-classpath",
        f"{JAVA}/target/classes:{JAVA}/target/dependency/*",
        program,
        *arguments,
    ]
    found: dict[str, Any] = json.loads(_checked(command, {"MOOTHALL_HOST": live.origin, **variables}))
    return found


def _checked(command: list[str], variables: dict[str, str]) -> str:
    done = subprocess.run(  # noqa: S603 - programs of ours
        command, env={**os.environ, **variables}, capture_output=True, text=True, check=False, timeout=110
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
