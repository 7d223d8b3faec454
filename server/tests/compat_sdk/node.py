"""Runs the scripts of compat/ with the stock Node SDK and reads what they print."""

import json
import os
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from support import pictures
from support.process import Certificate, ServerProcess, run_json

from .conftest import Account
from .past_meetings import record_session

COMPAT = Path(__file__).parents[3] / "compat"


def walk_through_rooms(live: ServerProcess, account: Account, certificate: Certificate) -> dict[str, Any]:
    """The results of the SDK's calls in compat/rooms.mjs."""
    return _run("rooms.mjs", live, account, certificate, {"EXPIRES_AT": in_days(7), "LATER": in_days(14)})


def walk_through_the_rest(
    live: ServerProcess, account: Account, certificate: Certificate, data_dir: Path, folder: Path
) -> dict[str, Any]:
    """The results of the SDK's calls in compat/themes.mjs."""
    logo = folder / "logo.png"
    logo.write_bytes(pictures.logo())
    recorded = record_session(data_dir, account.application_id)
    owner = run_json("account", "show", "--data-dir", str(data_dir))
    more = {
        "API_KEY": owner["account_id"],
        "API_SECRET": owner["api_secret"],
        "LOGO_FILE": str(logo),
        "RECORDING_ID": recorded.recording_id,
        "SESSION_ID": recorded.session_id,
    }
    return _run("themes.mjs", live, account, certificate, more)


def in_days(days: int) -> str:
    return (datetime.now(UTC) + timedelta(days=days)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _run(
    script: str, live: ServerProcess, account: Account, certificate: Certificate, more: dict[str, str]
) -> dict[str, Any]:
    environment = {
        **os.environ,
        "NODE_EXTRA_CA_CERTS": str(certificate.certificate),
        "MOOTHALL_HOST": live.origin,
        "APPLICATION_ID": account.application_id,
        "PRIVATE_KEY_FILE": account.private_key_file,
        **more,
    }
    done = subprocess.run(  # noqa: S603 - a script of ours
        ["node", script],  # noqa: S607 - whichever Node the machine has
        cwd=COMPAT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=110,
    )
    assert done.returncode == 0, done.stderr
    return {**json.loads(done.stdout), "sent": environment}
