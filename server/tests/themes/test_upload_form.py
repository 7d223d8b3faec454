import base64
import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moothall.kit.keys import derive_key
from moothall.themes.model import LogoType
from moothall.themes.upload_form import (
    FORM_LIFETIME,
    UploadGrant,
    UploadRefused,
    check_form,
    parse_upload_key,
    upload_fields,
    upload_key,
)

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
KEY = derive_key("a secret of the server", "logo upload forms")
GRANT = UploadGrant("aaaaaaaa-1111-4111-8111-111111111111", LogoType.FAVICON, "ef2b46f3-8ebb-437e-a671-272e4990fbc8")
FIELDS = upload_fields(GRANT, NOW, KEY)


def test_a_form_has_the_fields_of_the_contract():
    assert list(FIELDS) == [
        "Content-Type",
        "key",
        "logoType",
        "bucket",
        "X-Amz-Algorithm",
        "X-Amz-Credential",
        "X-Amz-Date",
        "X-Amz-Security-Token",
        "Policy",
        "X-Amz-Signature",
    ]
    assert FIELDS["Content-Type"] == "image/png"
    assert FIELDS["logoType"] == "favicon"
    assert FIELDS["X-Amz-Date"] == "20261122T120000Z"


def test_the_policy_binds_every_field_and_the_size():
    policy = json.loads(base64.b64decode(FIELDS["Policy"]))

    assert policy["expiration"] == "2026-11-22T12:15:00.000Z"
    bound = [next(iter(condition)) for condition in policy["conditions"] if isinstance(condition, dict)]
    assert bound == list(FIELDS)[:-2]
    assert ["content-length-range", 1, 2097152] in policy["conditions"]


def test_our_own_form_grants_what_it_was_made_for():
    assert check_form(FIELDS, NOW + FORM_LIFETIME - timedelta(milliseconds=1), KEY) == GRANT


def test_fields_we_did_not_ask_for_are_ignored():
    assert check_form({**FIELDS, "x-extra": "1"}, NOW, KEY) == GRANT


def test_a_form_is_valid_for_a_quarter_of_an_hour():
    with pytest.raises(UploadRefused, match="Policy expired") as caught:
        check_form(FIELDS, NOW + FORM_LIFETIME, KEY)

    assert (caught.value.code, caught.value.status) == ("AccessDenied", 403)


@pytest.mark.parametrize("name", list(FIELDS))
def test_no_field_can_be_changed(name: str):
    with pytest.raises(UploadRefused):
        check_form({**FIELDS, name: FIELDS[name] + "x"}, NOW, KEY)


@pytest.mark.parametrize("name", list(FIELDS))
def test_no_field_can_be_left_out(name: str):
    with pytest.raises(UploadRefused):
        check_form({field: value for field, value in FIELDS.items() if field != name}, NOW, KEY)


def test_fields_of_two_forms_do_not_mix():
    other = upload_fields(UploadGrant(GRANT.application_id, LogoType.WHITE, GRANT.upload_id), NOW, KEY)

    with pytest.raises(UploadRefused, match="Policy Condition failed: key"):
        check_form({**FIELDS, "key": other["key"]}, NOW, KEY)


def test_another_servers_form_is_refused():
    foreign = upload_fields(GRANT, NOW, derive_key("another secret", "logo upload forms"))

    with pytest.raises(UploadRefused) as caught:
        check_form(foreign, NOW, KEY)

    assert caught.value.code == "SignatureDoesNotMatch"


def test_what_is_signed_for_another_purpose_is_refused():
    foreign = upload_fields(GRANT, NOW, derive_key("a secret of the server", "recording links"))

    with pytest.raises(UploadRefused):
        check_form(foreign, NOW, KEY)


@given(fields=st.dictionaries(st.sampled_from(list(FIELDS)), st.text(max_size=50), max_size=10))
def test_invented_forms_are_refused(fields: dict[str, str]):
    with pytest.raises(UploadRefused):
        check_form(fields, NOW, KEY)


def test_a_key_leads_back_to_its_upload():
    assert parse_upload_key(upload_key(GRANT)) == GRANT.upload_id


@pytest.mark.parametrize(
    "key",
    [
        "",
        "x",
        "auto-expiring-temp/logos/favicon/",
        "auto-expiring-temp/logos/other/ef2b46f3-8ebb-437e-a671-272e4990fbc8",
        "/etc/passwd",
        "../auto-expiring-temp/logos/favicon/ef2b46f3-8ebb-437e-a671-272e4990fbc8",
    ],
)
def test_other_keys_lead_nowhere(key: str):
    assert parse_upload_key(key) is None
