"""The stock Vonage Node SDK: themes, recordings, numbers, applications."""

from pathlib import Path
from typing import Any

import pytest
from support.process import Certificate, ServerProcess

from .conftest import Account
from .node import walk_through_the_rest


@pytest.fixture
def said(live: ServerProcess, account: Account, certificate: Certificate, data_dir: Path, tmp_path: Path) -> Any:
    return walk_through_the_rest(live, account, certificate, data_dir, tmp_path)


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
    assert said["applicationList"] == said["applicationPage"]
    assert {created["id"], said["sent"]["APPLICATION_ID"]} <= set(said["applicationIds"])
    assert said["applicationPage"]["totalItems"] == len(said["applicationIds"])
    assert said["deletedApplication"]["status"] == 404
    assert said["stranger"]["status"] == 401
