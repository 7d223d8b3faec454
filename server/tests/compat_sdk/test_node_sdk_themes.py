"""The stock Vonage Node SDK: themes, recordings, numbers, applications."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from support import pictures
from support.process import Certificate, ServerProcess, run_json

from .conftest import Account
from .past_meetings import record_session

COMPAT = Path(__file__).parents[3] / "compat"


@pytest.fixture
def said(live: ServerProcess, account: Account, certificate: Certificate, data_dir: Path, tmp_path: Path) -> Any:
    """What the SDK's calls in compat/themes.mjs came back with."""
    logo = tmp_path / "logo.png"
    logo.write_bytes(pictures.logo())
    recorded = record_session(data_dir, account.application_id)
    owner = run_json("account", "show", "--data-dir", str(data_dir))
    environment = {
        **os.environ,
        "NODE_EXTRA_CA_CERTS": str(certificate.certificate),
        "MOOTHALL_HOST": live.origin,
        "APPLICATION_ID": account.application_id,
        "PRIVATE_KEY_FILE": account.private_key_file,
        "API_KEY": owner["account_id"],
        "API_SECRET": owner["api_secret"],
        "LOGO_FILE": str(logo),
        "RECORDING_ID": recorded.recording_id,
        "SESSION_ID": recorded.session_id,
    }
    done = subprocess.run(
        ["node", "themes.mjs"],  # noqa: S607 - whichever Node the machine has
        cwd=COMPAT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=110,
    )
    assert done.returncode == 0, done.stderr
    return {**json.loads(done.stdout), "sent": environment}


def test_everything_but_rooms_through_the_node_sdk(said: Any, live: ServerProcess):
    check_themes(said, live)
    check_recordings(said, live)
    check_applications(said)
    assert said["numbers"] == []


def check_themes(said: Any, live: ServerProcess) -> None:
    theme, plain = said["theme"], said["plain"]
    assert theme["themeName"] == "Acme"
    assert theme["shortCompanyUrl"] == "acme-node"
    assert theme["domain"] == "VCP"
    assert theme["applicationId"] == said["sent"]["APPLICATION_ID"]
    assert said["updated"] == {**theme, "brandText": "Acme Ltd."}
    assert said["read"] == said["updated"]
    assert said["themes"] == [said["updated"], plain]
    assert said["roomsOfTheme"] == said["rooms"]
    assert said["rooms"][0]["guestUrl"] == f"{live.origin}/acme-node/{said['rooms'][0]['meetingCode']}"
    assert said["isDefault"] is True
    assert said["unknownDefault"]["status"] == 400
    assert said["inUse"]["body"]["errors"] == [f"Theme {theme['themeId']} is used by 3 rooms"]
    assert said["sameName"]["body"]["message"] == "theme_name already exists in application"
    assert said["badColor"]["body"]["name"] == "InputValidationError"
    assert said["unknownTheme"]["status"] == 404
    # This SDK sends no body at all with its upload; what it reports must be our refusal.
    assert said["icon"].startswith("Failed to upload to AWS: The body of your POST request is not well-formed")
    assert said["themesAtTheEnd"] == []


def check_recordings(said: Any, live: ServerProcess) -> None:
    recording = said["recording"]
    assert recording["id"] == said["sent"]["RECORDING_ID"]
    assert recording["sessionId"] == said["sent"]["SESSION_ID"]
    assert recording["status"] == "uploaded"
    assert recording["url"].startswith(f"{live.origin}/files/recordings/{recording['id']}?")
    assert [found["id"] for found in said["recordings"]] == [recording["id"]]
    assert said["unknownRecording"]["status"] == 404
    assert said["recordingsAtTheEnd"] == []


def check_applications(said: Any) -> None:
    created, read = said["application"], said["applicationRead"]
    assert created["name"] == "Made by Node"
    assert created["keys"]["privateKey"].startswith("-----BEGIN PRIVATE KEY-----")
    assert "privateKey" not in read["keys"]
    webhook = read["capabilities"]["meetings"]["webhooks"]["roomChanged"]
    assert (webhook["address"], webhook["httpMethod"]) == ("https://example.com/rooms", "POST")
    assert said["roomOfApplication"]["displayName"] == "Theirs"
    assert said["applicationUpdated"] == {**read, "name": "Renamed by Node"}
    assert said["applicationPage"]["pageSize"] == 1
    assert {created["id"], said["sent"]["APPLICATION_ID"]} <= set(said["applicationIds"])
    assert said["applicationPage"]["totalItems"] == len(said["applicationIds"])
    assert said["deletedApplication"]["status"] == 404
    assert said["stranger"]["status"] == 401
