"""The stock Vonage Node SDK, with its host set and nothing else."""

from typing import Any

import pytest
from support.process import Certificate, ServerProcess

from .conftest import Account
from .node import walk_through_rooms


@pytest.fixture
def said(live: ServerProcess, account: Account, certificate: Certificate) -> dict[str, Any]:
    return walk_through_rooms(live, account, certificate)


def test_rooms_through_the_node_sdk(said: dict[str, Any], live: ServerProcess):
    instant, long_term = said["instant"], said["longTerm"]

    assert instant["displayName"] == "Made by Node"
    assert instant["guestUrl"] == f"{live.origin}/{instant['meetingCode']}"
    assert instant["hostUrl"].startswith(f"{live.origin}/?room_token={instant['meetingCode']}&participant_token=")
    assert long_term["type"] == "long_term"
    assert long_term["expiresAt"] == said["sent"]["EXPIRES_AT"]
    assert long_term["expireAfterUse"] is True
    assert long_term["joinApprovalLevel"] == "explicit_approval"
    assert long_term["metadata"] == "case 42"
    assert said["read"] == long_term

    everything = [room["id"] for room in said["all"]]
    assert len(everything) == 5
    assert everything[:2] == [instant["id"], long_term["id"]]
    assert [room["id"] for room in said["byTwos"]] == everything
    assert said["page"]["page_size"] == 2
    assert said["page"]["total_items"] == 5
    assert len(said["page"]["_embedded"]) == 2

    assert said["updated"]["expiresAt"] == said["sent"]["LATER"]
    assert said["updated"]["joinApprovalLevel"] == "none"

    assert said["instantUpdate"]["body"] == {
        "message": f"The room with id: {instant['id']} could not be updated because of its type: temporary",
        "name": "BadRequestError",
        "status": 400,
    }
    assert said["emptyUpdate"]["body"]["message"] == '"update_details" must have at least 1 key'
    assert said["unknownRoom"]["status"] == 404
    assert said["badRoom"]["status"] == 400
    assert said["badRoom"]["body"]["name"] == "InputValidationError"
    assert said["stranger"]["status"] == 401
    assert said["stranger"]["body"]["title"] == "Unauthorized"
