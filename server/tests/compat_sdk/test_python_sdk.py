"""The stock Vonage Python SDK, with its host set and nothing else."""

import warnings
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from support.process import Certificate, ServerProcess

from .conftest import Account

with warnings.catch_warnings():
    # The SDK says of itself that it is old.
    warnings.filterwarnings("ignore", message="v3 of the Vonage Python SDK", category=DeprecationWarning)
    import vonage


@pytest.fixture
def client(live: ServerProcess, account: Account, certificate: Certificate, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate.certificate))
    return connect(live, account.application_id, account.private_key_file)


def connect(live: ServerProcess, application_id: str, private_key: str) -> Any:
    client = vonage.Client(application_id=application_id, private_key=private_key)
    client.meetings_api_host(f"{live.host}/v1/meetings")
    # The SDK's part for meetings reads the host as it is made.
    client.meetings = vonage.Meetings(client)
    return client


def in_a_week() -> str:
    return (datetime.now(UTC) + timedelta(days=7)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def test_create_and_read_an_instant_room(client: Any, live: ServerProcess):
    room = client.meetings.create_room({"display_name": "Made by Python"})

    assert room["display_name"] == "Made by Python"
    assert room["type"] == "instant"
    assert room["is_available"] is True
    assert room["_links"]["guest_url"]["href"] == f"{live.origin}/{room['meeting_code']}"
    assert client.meetings.get_room(room_id=room["id"]) == room


def test_create_and_update_a_long_term_room(client: Any):
    expires_at = in_a_week()
    room = client.meetings.create_room(
        {
            "display_name": "Weekly",
            "type": "long_term",
            "expires_at": expires_at,
            "metadata": "case 42",
            "recording_options": {"auto_record": True},
            "available_features": {"is_chat_available": False},
        }
    )
    changed = client.meetings.update_room(
        room["id"],
        {
            "update_details": {
                "expire_after_use": True,
                "join_approval_level": "after_owner_only",
                "available_features": {"is_whiteboard_available": False},
            }
        },
    )

    assert room["expires_at"] == expires_at
    assert room["recording_options"] == {"auto_record": True, "record_only_owner": False}
    assert changed["expire_after_use"] is True
    assert changed["join_approval_level"] == "after_owner_only"
    assert changed["available_features"]["is_chat_available"] is False
    assert changed["available_features"]["is_whiteboard_available"] is False
    assert client.meetings.get_room(room["id"]) == changed


def test_list_rooms_page_by_page(client: Any):
    made = [client.meetings.create_room({"display_name": f"Room {number}"})["id"] for number in range(5)]

    everything = client.meetings.list_rooms()
    found, page = [], client.meetings.list_rooms(page_size=2)
    while True:
        found += [room["id"] for room in page["_embedded"]]
        if "next" not in page["_links"]:
            break
        query = parse_qs(urlsplit(page["_links"]["next"]["href"]).query)
        page = client.meetings.list_rooms(page_size=2, start_id=query["start_id"][0])

    assert everything["total_items"] == 5
    assert everything["page_size"] == 5
    assert [room["id"] for room in everything["_embedded"]] == made
    assert found == made


def test_errors_are_the_ones_the_sdk_knows(client: Any, live: ServerProcess, account: Account):
    room = client.meetings.create_room({"display_name": "Now"})
    unknown = "7b1091e1-6c3f-4b0e-9b0e-2f6a36ad3d80"

    with pytest.raises(vonage.ClientError, match=r"^Status Code 404: NotFoundError: "):
        client.meetings.get_room(unknown)
    with pytest.raises(vonage.ClientError) as instant:
        client.meetings.update_room(room["id"], {"update_details": {"expire_after_use": True}})
    with pytest.raises(vonage.ClientError) as empty:
        client.meetings.update_room(room["id"], {"update_details": {}})
    with pytest.raises(vonage.ClientError) as too_long:
        client.meetings.create_room({"display_name": "x" * 201})
    with pytest.raises(vonage.AuthenticationError):
        connect(live, unknown, account.private_key_file).meetings.get_room(room["id"])

    assert str(instant.value) == (
        f"Status Code 400: BadRequestError: The room with id: {room['id']} could not be updated because of its type: temporary"
    )
    assert str(empty.value).startswith(
        'Status Code 400: InputValidationError: "update_details" must have at least 1 key\nError: '
    )
    assert "display_name" in str(too_long.value)
