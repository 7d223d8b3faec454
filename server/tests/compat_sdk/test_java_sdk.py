"""The stock Vonage Java SDK, with its host set and nothing else. Its tokens have no exp."""

from pathlib import Path
from typing import Any

import pytest
from support.process import Certificate, ServerProcess, run_json

from .conftest import Account
from .java import list_all_rooms, walk_through_applications, walk_through_meetings
from .past_meetings import past_rooms


@pytest.fixture
def said(
    live: ServerProcess, account: Account, certificate: Certificate, data_dir: Path, tmp_path: Path
) -> dict[str, Any]:
    return walk_through_meetings(live, account, certificate, data_dir, tmp_path)


def test_every_meetings_call_of_the_java_sdk(said: dict[str, Any], live: ServerProcess):
    assert {"createRoom", "listRooms", "updateThemeLogo"} <= set(said["methods"])
    assert said["called"] == said["methods"]

    instant, long_term = said["instant"], said["longTerm"]
    assert instant["_links"]["guest_url"] == f"{live.origin}/{instant['meeting_code']}"
    assert instant["is_available"] is True
    assert long_term["expires_at"] == said["expiresAt"]
    assert long_term["metadata"] == "case 42"
    assert long_term["ui_settings"] == {"language": "PT-BR"}
    assert long_term["join_approval_level"] == "explicit_approval"
    assert long_term["recording_options"] == {"auto_record": True, "record_only_owner": True}
    assert said["read"] == long_term
    assert "expires_at" not in said["occupied"]
    assert said["updated"]["join_approval_level"] == "after_owner_only"
    assert said["updated"]["callback_urls"]["rooms_callback_url"] == "https://example.com/others"
    assert said["updated"]["available_features"]["is_chat_available"] is True
    assert {instant["id"], long_term["id"], said["sent"]["OCCUPIED_ROOM_ID"]} < set(said["roomIds"])
    assert said["instantUpdate"]["status"] == 400
    assert said["instantUpdate"]["message"].endswith("could not be updated because of its type: temporary")
    assert said["unknownRoom"]["status"] == 404
    assert said["stranger"]["status"] == 401

    theme = said["theme"]
    assert said["themeUpdated"] == theme | {"brand_text": "Acme Ltd."}
    logos = ("brand_image_white", "brand_image_colored", "branded_favicon")
    assert all(said["themeRead"][f"{name}_url"].startswith(f"{live.origin}/files/logos/") for name in logos)
    assert said["themes"] == [said["themeRead"]]
    assert said["roomsOfTheme"] == [said["themedRoom"]]
    assert said["application"]["default_theme_id"] == theme["theme_id"]
    assert said["themeInUse"] == {"status": 400, "message": "could not delete theme"}
    assert said["themeDeleted"]["status"] == 404
    assert said["themesAtTheEnd"] == []

    assert said["recording"]["status"] == "uploaded"
    assert said["recordingUrl"].startswith(f"{live.origin}/files/recordings/")
    assert [recording["id"] for recording in said["recordings"]] == [said["sent"]["RECORDING_ID"]]
    assert said["running"]["status"] == "started"
    assert "ended_at" not in said["running"]
    assert said["deletedRecording"]["status"] == said["unknownSession"]["status"] == 404
    assert said["numbers"] == []


def test_every_application_call_of_the_java_sdk(
    live: ServerProcess, certificate: Certificate, data_dir: Path, tmp_path: Path
):
    said = walk_through_applications(live, certificate, data_dir, tmp_path)

    assert said["called"] == said["methods"]
    assert said["created"]["keys"]["private_key"].startswith("-----BEGIN PRIVATE KEY-----")
    assert said["roomOfApplication"]["display_name"] == "Theirs"
    assert said["read"]["name"] == "Made by Java"
    assert said["updated"]["name"] == "Renamed by Java"
    assert said["pageSize"] == 1
    assert len(said["all"]) == said["total"]
    assert said["created"]["id"] in {application["id"] for application in said["all"]}
    assert said["deleted"]["status"] == 404
    assert said["stranger"]["status"] == 401


def test_the_java_sdk_lists_more_rooms_than_fit_on_a_page(
    live: ServerProcess, certificate: Certificate, data_dir: Path, tmp_path: Path
):
    """One application whose last page is full, and one whose last page is not."""
    counts = (2000, 1001)
    made = {
        count: run_json("app", "create", "--name", f"{count} rooms", "--data-dir", str(data_dir)) for count in counts
    }
    accounts = {count: Account(app["application_id"], app["private_key_file"]) for count, app in made.items()}
    themes = {count: past_rooms(data_dir, account.application_id, count) for count, account in accounts.items()}

    listed = list_all_rooms(live, certificate, tmp_path, [(accounts[count], themes[count]) for count in counts])

    for count, account in accounts.items():
        names = [str(number) for number in range(count)]
        assert listed[account.application_id] == names
        assert listed[f"{account.application_id} of theme"] == names
