"""The stock Vonage Python SDK: themes, recordings, numbers, applications."""

import io
import warnings
from pathlib import Path
from typing import Any

import pytest
import requests
from PIL import Image
from support import pictures
from support.process import Certificate, ServerProcess, run_json

from .conftest import Account
from .past_meetings import CONTENT, record_session

with warnings.catch_warnings():
    # The SDK says of itself that it is old.
    warnings.filterwarnings("ignore", message="v3 of the Vonage Python SDK", category=DeprecationWarning)
    import vonage

UNKNOWN = "7b1091e1-6c3f-4b0e-9b0e-2f6a36ad3d80"
WEBHOOKS = {
    "room_changed": {"address": "https://example.com/rooms", "http_method": "POST"},
    "session_changed": {"address": "https://example.com/sessions", "http_method": "POST"},
    "recording_changed": {"address": "https://example.com/recordings", "http_method": "POST"},
}


@pytest.fixture
def trusted(certificate: Certificate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate.certificate))


@pytest.fixture
def meetings(live: ServerProcess, account: Account, trusted: None) -> Any:
    return connect(live, account.application_id, account.private_key_file)


@pytest.fixture
def applications(live: ServerProcess, data_dir: Path, trusted: None) -> Any:
    owner = run_json("account", "show", "--data-dir", str(data_dir))
    client = vonage.Client(key=owner["account_id"], secret=owner["api_secret"])
    client.api_host(live.host)
    return client.application


def connect(live: ServerProcess, application_id: str, private_key: str) -> Any:
    client = vonage.Client(application_id=application_id, private_key=private_key)
    client.meetings_api_host(f"{live.host}/v1/meetings")
    # The SDK's part for meetings reads the host as it is made.
    return vonage.Meetings(client)


def test_create_change_and_delete_a_theme(meetings: Any, account: Account):
    theme = meetings.create_theme(
        {
            "theme_name": "Acme",
            "main_color": "#12f64e",
            "brand_text": "Acme Inc.",
            "short_company_url": "acme-python",
        }
    )
    changed = meetings.update_theme(theme["theme_id"], {"update_details": {"brand_text": "Acme Ltd."}})

    assert theme["application_id"] == account.application_id
    assert changed == {**theme, "brand_text": "Acme Ltd."}
    assert meetings.get_theme(theme["theme_id"]) == changed
    assert meetings.list_themes() == [changed]
    assert meetings.delete_theme(theme["theme_id"]) is None
    assert meetings.list_themes() == []


def test_rooms_of_a_theme_and_deletion_by_force(meetings: Any, live: ServerProcess):
    theme = meetings.create_theme({"main_color": "#fff", "brand_text": "x", "short_company_url": "py"})
    room = meetings.create_room(
        {"display_name": "Weekly", "type": "long_term", "expires_at": "2027-09-30T12:00:00.000Z"}
    )
    themed = meetings.add_theme_to_room(room["id"], theme["theme_id"])

    page = meetings.list_rooms_with_theme_id(theme["theme_id"], page_size=5, start_id="0", end_id="99999999")

    assert themed["theme_id"] == theme["theme_id"]
    assert themed["_links"]["guest_url"]["href"] == f"{live.origin}/py/{room['meeting_code']}"
    assert (page["page_size"], page["total_items"], page["_embedded"]) == (1, 1, [themed])
    with pytest.raises(vonage.ClientError) as used:
        meetings.delete_theme(theme["theme_id"])
    assert str(used.value) == (
        f"Status Code 400: BadRequestError: could not delete theme\nError: Theme {theme['theme_id']} is used by 1 room"
    )
    assert meetings.delete_theme(theme["theme_id"], force=True) is None
    assert meetings.get_room(room["id"])["theme_id"] is None


def test_errors_of_themes_are_the_ones_the_sdk_knows(meetings: Any):
    meetings.create_theme({"main_color": "#fff", "brand_text": "x", "theme_name": "Acme", "short_company_url": "taken"})

    for call, text in (
        (lambda: meetings.get_theme(UNKNOWN), f"Status Code 404: NotFoundError: could not find theme {UNKNOWN}"),
        (
            lambda: meetings.list_rooms_with_theme_id(UNKNOWN),
            f"Status Code 404: NotFoundError: Failed to get rooms because theme id {UNKNOWN} not found",
        ),
        (
            lambda: meetings.update_application_theme(UNKNOWN),
            f"Status Code 400: BadRequestError: Failed to update application because theme id {UNKNOWN} not found",
        ),
        (
            lambda: meetings.create_theme({"main_color": "#fff", "brand_text": "x", "theme_name": "Acme"}),
            "Status Code 409: ConflictError: theme_name already exists in application",
        ),
        (
            lambda: meetings.create_theme({"main_color": "#fff", "brand_text": "x", "short_company_url": "taken"}),
            "Status Code 409: ConflictError: short_company_url already exists",
        ),
    ):
        with pytest.raises(vonage.ClientError) as refused:
            call()
        assert str(refused.value) == text


def test_the_default_theme(meetings: Any, account: Account):
    theme = meetings.create_theme({"main_color": "#fff", "brand_text": "x"})

    changed = meetings.update_application_theme(theme["theme_id"])

    assert changed == {
        "application_id": account.application_id,
        "account_id": theme["account_id"],
        "default_theme_id": theme["theme_id"],
    }


@pytest.mark.parametrize("logo_type", ["white", "colored", "favicon"])
def test_logos_are_uploaded(meetings: Any, tmp_path: Path, logo_type: str):
    theme_id = meetings.create_theme({"main_color": "#fff", "brand_text": "x"})["theme_id"]
    file = tmp_path / "logo.png"
    file.write_bytes(pictures.favicon() if logo_type == "favicon" else pictures.logo())

    # The SDK leaves it to the garbage collector to close the file it opened.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        said = meetings.upload_logo_to_theme(theme_id, str(file), logo_type)

    assert said == f"Logo upload to theme: {theme_id} was successful."
    names = {"white": "brand_image_white", "colored": "brand_image_colored", "favicon": "branded_favicon"}
    url = meetings.get_theme(theme_id)[f"{names[logo_type]}_url"]
    served = requests.get(url, timeout=20)
    assert Image.open(io.BytesIO(served.content)).format == "PNG"


def test_an_unusable_logo_is_refused_by_name(meetings: Any, tmp_path: Path):
    theme_id = meetings.create_theme({"main_color": "#fff", "brand_text": "x"})["theme_id"]
    file = tmp_path / "logo.png"
    file.write_bytes(pictures.opaque_logo())

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        with pytest.raises(vonage.ClientError) as refused:
            meetings.upload_logo_to_theme(theme_id, str(file), "white")

    assert "could not finalize logos" in str(refused.value)
    assert "'invalidProperty': 'transparent_bg'" in str(refused.value)


def test_recordings(meetings: Any, live: ServerProcess, account: Account, data_dir: Path):
    recorded = record_session(data_dir, account.application_id)

    recording = meetings.get_recording(recorded.recording_id)
    listed = meetings.get_session_recordings(recorded.session_id)

    assert (recording["id"], recording["status"]) == (recorded.recording_id, "uploaded")
    assert [found["id"] for found in listed["_embedded"]["recordings"]] == [recorded.recording_id]
    assert requests.get(recording["_links"]["url"]["href"], timeout=20).content == CONTENT
    assert meetings.delete_recording(recorded.recording_id) is None
    assert meetings.get_session_recordings(recorded.session_id) == {"_embedded": {"recordings": []}}
    with pytest.raises(vonage.ClientError, match=f"Status Code 404: NotFoundError: Recording {UNKNOWN} was not found"):
        meetings.get_recording(UNKNOWN)
    with pytest.raises(vonage.ClientError, match="Status Code 404: NotFoundError: Could not find recording"):
        meetings.delete_recording(recorded.recording_id)
    with pytest.raises(vonage.ClientError, match="Failed to find session recordings by id: 2_nothing"):
        meetings.get_session_recordings("2_nothing")


def test_dial_in_numbers(meetings: Any):
    assert meetings.list_dial_in_numbers() == []


def test_applications(applications: Any, live: ServerProcess):
    capabilities = {"meetings": {"webhooks": WEBHOOKS}}
    created = applications.create_application({"name": "Made by Python", "capabilities": capabilities})
    private_key = created["keys"].pop("private_key")

    assert created["capabilities"] == capabilities
    assert applications.get_application(created["id"]) == created
    room = connect(live, created["id"], private_key).create_room({"display_name": "Theirs"})
    assert room["display_name"] == "Theirs"

    changed = applications.update_application(created["id"], {"name": "Renamed", "capabilities": capabilities})
    assert changed == {**created, "name": "Renamed"}
    everything = applications.list_applications(page_size=100)
    assert changed in everything["_embedded"]["applications"]
    assert applications.list_applications(page_size=1, page=1)["page_size"] == 1

    applications.delete_application(created["id"])
    with pytest.raises(vonage.ClientError, match="does not exist, or you do not have access"):
        applications.get_application(created["id"])
    with pytest.raises(vonage.AuthenticationError):
        connect(live, created["id"], private_key).get_room(room["id"])


def test_a_wrong_secret_is_refused(live: ServerProcess, data_dir: Path, trusted: None):
    owner = run_json("account", "show", "--data-dir", str(data_dir))
    client = vonage.Client(key=owner["account_id"], secret="wrong")
    client.api_host(live.host)

    with pytest.raises(vonage.AuthenticationError):
        client.application.list_applications()
