"""Every call of the SDKs for meetings and applications is tested, with every argument.

A new call or argument fails this test.
"""

import inspect
import warnings
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from support import pictures
from support.process import Certificate, ServerProcess, run_json

from .conftest import Account
from .node import in_days, walk_through_rooms, walk_through_the_rest
from .past_meetings import record_session

with warnings.catch_warnings():
    # The SDK says of itself that it is old.
    warnings.filterwarnings("ignore", message="v3 of the Vonage Python SDK", category=DeprecationWarning)
    import vonage
    from vonage.application import ApplicationV2

# Not a call, but a part of two of them.
HELPERS = {"set_start_and_end_params"}


class Watched:
    """A part of the SDK that writes down what is called of it, and with which of its arguments."""

    def __init__(self, part: Any) -> None:
        self._part = part
        self.given: defaultdict[str, set[str]] = defaultdict(set)

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._part, name)

        def call(*arguments: Any, **options: Any) -> Any:
            self.given[name] |= set(inspect.signature(method).bind(*arguments, **options).arguments)
            return method(*arguments, **options)

        return call


def everything_in(kind: type) -> dict[str, set[str]]:
    """The public methods of a class and the names of their arguments."""
    methods = inspect.getmembers(kind, inspect.isfunction)
    return {
        name: set(inspect.signature(method).parameters) - {"self"}
        for name, method in methods
        if not name.startswith("_") and name not in HELPERS
    }


@pytest.fixture
def trusted(certificate: Certificate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate.certificate))


def test_every_meetings_call_of_the_python_sdk(
    live: ServerProcess, account: Account, data_dir: Path, tmp_path: Path, trusted: None
):
    client = vonage.Client(application_id=account.application_id, private_key=account.private_key_file)
    client.meetings_api_host(f"{live.host}/v1/meetings")
    meetings = Watched(vonage.Meetings(client))
    recorded = record_session(data_dir, account.application_id)
    logo = tmp_path / "logo.png"
    logo.write_bytes(pictures.logo())

    room = meetings.create_room({"display_name": "Weekly", "type": "long_term", "expires_at": in_days(7)})
    theme = meetings.create_theme({"main_color": "#fff", "brand_text": "x"})
    changed = meetings.update_room(room["id"], {"update_details": {"expire_after_use": True}})
    themed = meetings.add_theme_to_room(room["id"], theme["theme_id"])
    span = {"page_size": "5", "start_id": "0", "end_id": "99999999"}
    rooms = meetings.list_rooms(**span)
    of_theme = meetings.list_rooms_with_theme_id(theme["theme_id"], **span)
    renamed = meetings.update_theme(theme["theme_id"], {"update_details": {"brand_text": "y"}})
    default = meetings.update_application_theme(theme["theme_id"])
    # The SDK leaves it to the garbage collector to close the file it opened.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        uploaded = meetings.upload_logo_to_theme(theme["theme_id"], str(logo), "white")

    assert changed["expire_after_use"] is True
    assert meetings.get_room(room["id"]) == themed
    assert rooms["_embedded"] == of_theme["_embedded"] == [themed]
    assert renamed["brand_text"] == "y"
    assert default["default_theme_id"] == theme["theme_id"]
    assert uploaded.endswith("was successful.")
    assert meetings.get_theme(theme["theme_id"])["brand_image_white"]
    assert [found["theme_id"] for found in meetings.list_themes()] == [theme["theme_id"]]
    assert meetings.delete_theme(theme["theme_id"], force=True) is None
    assert meetings.get_recording(recorded.recording_id)["status"] == "uploaded"
    assert len(meetings.get_session_recordings(recorded.session_id)["_embedded"]["recordings"]) == 1
    assert meetings.delete_recording(recorded.recording_id) is None
    assert meetings.list_dial_in_numbers() == []
    assert dict(meetings.given) == everything_in(vonage.Meetings)


def test_every_application_call_of_the_python_sdk(live: ServerProcess, data_dir: Path, trusted: None):
    owner = run_json("account", "show", "--data-dir", str(data_dir))
    client = vonage.Client(key=owner["account_id"], secret=owner["api_secret"])
    client.api_host(live.host)
    applications = Watched(client.application)

    created = applications.create_application({"name": "Made by Python"})
    changed = applications.update_application(created["id"], {"name": "Renamed"})

    assert applications.get_application(created["id"]) == changed
    assert applications.list_applications(page_size=1, page=1)["page_size"] == 1
    assert applications.delete_application(created["id"]) is None
    assert dict(applications.given) == everything_in(ApplicationV2)


def test_every_call_of_the_node_sdk(
    live: ServerProcess, account: Account, certificate: Certificate, data_dir: Path, tmp_path: Path
):
    rooms = walk_through_rooms(live, account, certificate)
    rest = walk_through_the_rest(live, account, certificate, data_dir, tmp_path)

    assert {"createRoom", "uploadIcon", "createApplication"} <= set(rest["methods"])
    assert set(rest["methods"]) - set(rooms["called"]) - set(rest["called"]) == set()
    page = rest["pageOfRoomsOfTheme"]
    assert (page["page_size"], page["total_items"], len(page["_embedded"])) == (2, 3, 2)
