"""Facts that schemathesis cannot learn from the document; see test_reference_holds.py."""

import ipaddress
import itertools
import os
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import schemathesis
from hypothesis import strategies

from moothall.applications.keys import generate_key_pair
from moothall.idempotency.model import KEY_PATTERN
from moothall.kit.ids import new_uuid

# A year ahead is the most a room can be given.
_SECONDS_AHEAD = strategies.integers(3600, 300 * 24 * 3600)
_START = datetime.now(UTC)
_OWN_APPLICATION = os.environ["OWN_APPLICATION"]
_addresses = itertools.count(int(ipaddress.ip_address("10.0.0.0")))

# Rules between a value and another, or the time, or what is stored. Each is told in the description
# of its operation or field.
_RULES = [
    r'"expires_at" is (?:required|not allowed)',
    r'"expires_at" must be (?:more than 10 minutes|at most one year) in the future',
    r"The room with id: \S+ could not be updated because of its type: temporary",
    r"Failed to (?:create room|update room|update application) because theme id \S+ not found",
    r"could not finalize logos",
    r"could not delete theme",
    r'"(?:from|value)" must (?:be|have a "from" that is) before "to"',
    r'"value" must have either "from" and "to" or "event_ids"',
    r".* (?:must be )?at most \d+ days.*",
    r'"id" is not the one in the address',
    r"The picture (?:has|is larger than) .*",
    r"The file is not a JPEG, PNG or WebP picture, or it is damaged",
]
_RULE = re.compile("|".join(f"(?:{rule})" for rule in _RULES))

schemathesis.openapi.format(
    "date-time", _SECONDS_AHEAD.map(lambda seconds: (_START + timedelta(seconds=seconds)).isoformat())
)
# Names in several scripts; see kit.names for what is refused and what is left out.
schemathesis.openapi.format(
    "shown-name",
    strategies.text(strategies.sampled_from("Aéßδж한日あأदක👩™½-. "), max_size=40).map(lambda rest: f"N{rest}"),
)
schemathesis.openapi.format("rsa-public-key", strategies.just(generate_key_pair().public))


@schemathesis.hook
def before_call(_context: Any, case: Any, _options: Any) -> None:
    # Wrong credentials are limited for each address.
    case.headers["X-Forwarded-For"] = str(ipaddress.ip_address(next(_addresses)))
    # Each request for itself: an answer that is repeated may tell of what has gone since.
    key = case.headers.get("Idempotency-Key")
    if isinstance(key, str) and re.match(KEY_PATTERN, key):
        case.headers["Idempotency-Key"] = f'"{new_uuid()}"' if key.startswith('"') else new_uuid()
    # It would saw off the branch it sits on.
    if case.path_parameters.get("application_id") == _OWN_APPLICATION and case.method != "GET":
        case.path_parameters["application_id"] = new_uuid()


@schemathesis.check
def valid_requests_are_refused_for_what_no_schema_can_say(_context: Any, response: Any, case: Any) -> None:
    """A 400 to a request that is as the document says names one of the rules.

    A form to upload with has its own: it is signed.
    """
    positive = case.meta is not None and case.meta.generation.mode.is_positive
    if response.status_code == 400 and positive and case.path != "/files/logo-uploads":
        body = response.json()
        message = body.get("message", body.get("detail", ""))
        assert _RULE.fullmatch(message), f"refused although the document allows it: {message}"
