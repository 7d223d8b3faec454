import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime

import pytest
from joserfc import jwt
from joserfc.errors import BadSignatureError
from joserfc.jwk import OctKey

from moothall.callbacks.signing import Signer, sign

AT = datetime(2026, 11, 22, 12, 0, 0, 900000, tzinfo=UTC)
SECRET = "kS0kGgPe1z8Y3t9rPpA7m2u9Qv5xL4cWjN6bTfD1hRs"
OLD_SECRET = "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz"
BODY = b'{"event":"session:started","sequence":1}'


def _headers(*secrets: str, body: bytes = BODY) -> dict[str, str]:
    signer = Signer(application_id="app-1", api_key="abcd1234", secrets=secrets or (SECRET,))
    return sign(signer, event_id="msg_1", body=body, at=AT, jti="jti-1")


def _verify_standard_webhooks(headers: dict[str, str], body: bytes, secret: str) -> bool:
    """The verification of the Standard Webhooks specification, written from its text.

    Any of the signatures may match.
    """
    key = base64.b64decode(secret.removeprefix("whsec_"))
    to_sign = b".".join([headers["webhook-id"].encode(), headers["webhook-timestamp"].encode(), body])
    expected = base64.b64encode(hmac.new(key, to_sign, hashlib.sha256).digest()).decode()
    return any(
        version == "v1" and hmac.compare_digest(signature, expected)
        for version, _, signature in (item.partition(",") for item in headers["webhook-signature"].split(" "))
    )


def _as_library_secret(secret: str) -> str:
    return "whsec_" + base64.b64encode(secret.encode()).decode()


def test_the_token_is_what_vonage_documents() -> None:
    token = _headers()["authorization"].removeprefix("Bearer ")

    decoded = jwt.decode(token, OctKey.import_key(SECRET), algorithms=["HS256"])

    assert decoded.header == {"alg": "HS256", "typ": "JWT"}
    assert decoded.claims == {
        "iat": int(AT.timestamp()),
        "jti": "jti-1",
        "iss": "Vonage",
        "payload_hash": hashlib.sha256(BODY).hexdigest(),
        "api_key": "abcd1234",
        "application_id": "app-1",
    }


def test_the_token_is_plain_hmac_as_rfc_7515_says() -> None:
    header, payload, signature = _headers()["authorization"].removeprefix("Bearer ").split(".")

    expected = hmac.new(SECRET.encode(), f"{header}.{payload}".encode(), hashlib.sha256).digest()

    assert base64.urlsafe_b64decode(signature + "=") == expected
    assert json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["iss"] == "Vonage"


def test_the_token_of_another_secret_does_not_verify() -> None:
    token = _headers()["authorization"].removeprefix("Bearer ")

    with pytest.raises(BadSignatureError):
        jwt.decode(token, OctKey.import_key(OLD_SECRET), algorithms=["HS256"])


def test_the_standard_signature_verifies_and_covers_id_time_and_body() -> None:
    headers = _headers()
    secret = _as_library_secret(SECRET)

    assert headers["webhook-id"] == "msg_1"
    assert headers["webhook-timestamp"] == str(int(AT.timestamp()))
    assert _verify_standard_webhooks(headers, BODY, secret)
    assert not _verify_standard_webhooks(headers, BODY + b" ", secret)
    assert not _verify_standard_webhooks({**headers, "webhook-id": "msg_2"}, BODY, secret)
    assert not _verify_standard_webhooks({**headers, "webhook-timestamp": "0"}, BODY, secret)
    assert not _verify_standard_webhooks(headers, BODY, _as_library_secret(OLD_SECRET))


def test_hmac_sha256_agrees_with_rfc_4231_test_case_2() -> None:
    """Guards the reference above: the published vector for key "Jefe"."""
    digest = hmac.new(b"Jefe", b"what do ya want for nothing?", hashlib.sha256).hexdigest()

    assert digest == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"


def test_during_a_rotation_both_secrets_verify_and_the_token_uses_the_new_one() -> None:
    headers = _headers(SECRET, OLD_SECRET)

    assert _verify_standard_webhooks(headers, BODY, _as_library_secret(SECRET))
    assert _verify_standard_webhooks(headers, BODY, _as_library_secret(OLD_SECRET))
    token = headers["authorization"].removeprefix("Bearer ")
    assert jwt.decode(token, OctKey.import_key(SECRET), algorithms=["HS256"]).claims["jti"] == "jti-1"


def test_no_header_holds_a_secret() -> None:
    assert not any(
        secret in value for value in _headers(SECRET, OLD_SECRET).values() for secret in (SECRET, OLD_SECRET)
    )
