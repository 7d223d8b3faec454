"""Access tokens: what we mint is what we read, and nothing else is."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey
from livekit import api

from moothall.engine import JoinGrant, ParticipantKind
from moothall.livekit.model import TrackSource
from moothall.livekit.tokens import TokenRejected, TokenSigner
from moothall.meeting.rules import clean_name

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
KEY = "moothall"
SECRET = "a secret of more than thirty-two characters"
SIGNER = TokenSigner(api_key=KEY, api_secret=SECRET)
RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
SPKI = RSA_KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
PKCS1 = RSA_KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.PKCS1)


def claims(**changes: Any) -> dict[str, Any]:
    good = {
        "iss": KEY,
        "sub": "alice",
        "exp": int(NOW.timestamp()) + 600,
        "nbf": int(NOW.timestamp()),
        "video": {"roomJoin": True, "room": "standup"},
    }
    return {name: value for name, value in {**good, **changes}.items() if value is not ...}


def segment(value: Any) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def forge(header: Any, body: Any, *, secret: bytes = SECRET.encode(), algorithm: str = "sha256") -> str:
    """A token signed by HMAC whatever its header says."""
    signed = f"{segment(header)}.{segment(body)}"
    signature = hmac.new(secret, signed.encode(), getattr(hashlib, algorithm)).digest()
    return f"{signed}.{segment(signature)}"


def video(**grants: Any) -> dict[str, Any]:
    return {"video": {"roomJoin": True, "room": "standup", **grants}}


HS256 = {"alg": "HS256", "typ": "JWT"}
GOOD = forge(HS256, claims())
RSA_PEM = RSA_KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
EC_PEM = ec.generate_private_key(ec.SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

HOSTILE = {
    "empty": "",
    "not a token": "alice",
    "two segments": ".".join(GOOD.split(".")[:2]),
    "four segments": GOOD + ".e30",
    "five segments, as if encrypted": "..".join(GOOD.split(".")[:2]) + "..",
    "no signature": GOOD.rpartition(".")[0] + ".",
    "changed signature": GOOD[:-4] + ("AAAA" if GOOD[-4:] != "AAAA" else "BBBB"),
    "changed body": f"{segment(HS256)}.{segment(claims(sub='mallory'))}.{GOOD.split('.')[2]}",
    "alg none": f"{segment({'alg': 'none'})}.{segment(claims())}.",
    "alg None": f"{segment({'alg': 'None'})}.{segment(claims())}.",
    "alg nOnE with a signature": forge({"alg": "nOnE"}, claims()),
    "alg missing": forge({"typ": "JWT"}, claims()),
    "alg empty": forge({"alg": ""}, claims()),
    "alg a list": forge({"alg": ["HS256"]}, claims()),
    "alg a number": forge({"alg": 256}, claims()),
    "alg HS384": forge({"alg": "HS384"}, claims(), algorithm="sha384"),
    "alg HS512": forge({"alg": "HS512"}, claims(), algorithm="sha512"),
    "alg RS256": jwt.encode({"alg": "RS256"}, claims(), RSAKey.import_key(RSA_PEM), algorithms=["RS256"]),
    "alg ES256": jwt.encode({"alg": "ES256"}, claims(), ECKey.import_key(EC_PEM), algorithms=["ES256"]),
    "HMAC with a public key (SPKI)": forge(HS256, claims(), secret=SPKI),
    "HMAC with a public key (PKCS 1)": forge(HS256, claims(), secret=PKCS1),
    "HMAC with an empty key": forge(HS256, claims(), secret=b""),
    "HMAC with another secret": forge(HS256, claims(), secret=b"another secret of more than thirty-two chars"),
    "key id of a path, signed with what is there": forge({**HS256, "kid": "../../dev/null"}, claims(), secret=b""),
    "key brought along (jwk)": forge({**HS256, "jwk": {"kty": "oct", "k": segment(b"mine")}}, claims(), secret=b"mine"),
    "key elsewhere (jku)": forge({**HS256, "jku": "https://example.com/keys"}, claims(), secret=b"mine"),
    "certificate elsewhere (x5u)": forge({**HS256, "x5u": "https://example.com/cert"}, claims(), secret=b"mine"),
    "unknown critical header": forge({**HS256, "crit": ["moothall"], "moothall": 1}, claims()),
    "unencoded payload (b64)": forge({**HS256, "crit": ["b64"], "b64": False}, claims()),
    "header not an object": forge([], claims()),
    "header not JSON": forge(b"{", claims()),
    "body not an object": forge(HS256, []),
    "body not JSON": forge(HS256, b"{"),
    "body not UTF-8": forge(HS256, b"\xff\xfe{}"),
    "body deeply nested": forge(HS256, b"[" * 3_000 + b"]" * 3_000),
    "one megabyte": "a" * 1_000_000,
    "another issuer": forge(HS256, claims(iss="somebody else")),
    "no issuer": forge(HS256, claims(iss=...)),
    "issuer a list": forge(HS256, claims(iss=[KEY])),
    "no expiry": forge(HS256, claims(exp=...)),
    "expired": forge(HS256, claims(exp=int(NOW.timestamp()) - 61)),
    "expiry as text": forge(HS256, claims(exp=str(int(NOW.timestamp()) + 600))),
    "expiry true": forge(HS256, claims(exp=True)),
    "expiry never": forge(HS256, claims(exp=1e308)),
    "expiry infinite": forge(HS256, json.dumps(claims()).replace(str(int(NOW.timestamp()) + 600), "Infinity").encode()),
    "expiry in two days": forge(HS256, claims(exp=int(NOW.timestamp()) + 2 * 86_400)),
    "not valid yet": forge(HS256, claims(nbf=int(NOW.timestamp()) + 120)),
    "issued in the future": forge(HS256, claims(iat=int(NOW.timestamp()) + 120)),
    "no identity": forge(HS256, claims(sub=...)),
    "identity empty": forge(HS256, claims(sub="")),
    "identity too long": forge(HS256, claims(sub="é" * 200)),
    "issuer a lone surrogate": forge(HS256, claims(iss="\ud800")),
    "identity a lone surrogate": forge(HS256, claims(sub="\ud800")),
    **{
        f"{name} with {what}": forge(HS256, claims(**changed))
        for what, text in (("NUL", "a\0b"), ("a lone surrogate", "a\ud800b"))
        for name, changed in {
            "identity": {"sub": text},
            "name": {"name": text},
            "metadata": {"metadata": text},
            "attribute": {"attributes": {"role": text}},
            "name of an attribute": {"attributes": {text: "x"}},
            "room": video(room=text),
        }.items()
    },
    "no grants": forge(HS256, claims(video=...)),
    "grants as text": forge(HS256, claims(video="roomJoin")),
    "room not granted": forge(HS256, claims(**video(roomJoin=False))),
    "room granted by a text": forge(HS256, claims(**video(roomJoin="true"))),
    "no room": forge(HS256, claims(**video(room=""))),
    "room not text": forge(HS256, claims(**video(room={"$ne": ""}))),
    "unknown source": forge(HS256, claims(**video(canPublishSources=["camera", "brain"]))),
    "flag as text": forge(HS256, claims(**video(canPublish="false"))),
    "attributes not text": forge(HS256, claims(attributes={"role": 1})),
    "attributes too many": forge(HS256, claims(attributes={str(n): "x" for n in range(100)})),
}


@pytest.mark.parametrize("token", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_token_is_rejected_without_being_quoted(token: str) -> None:
    with pytest.raises(TokenRejected) as rejected:
        SIGNER.verify(token, NOW)

    assert "ey" not in str(rejected.value)
    assert "mallory" not in str(rejected.value)


def test_token_that_the_hostile_ones_imitate_is_accepted() -> None:
    token = SIGNER.verify(GOOD, NOW)

    assert (token.room, token.identity) == ("standup", "alice")
    assert token.permission.can_publish
    assert token.permission.can_publish_data
    assert not token.permission.can_update_metadata


def test_grant_comes_back_as_it_was_given() -> None:
    grant = JoinGrant(
        room="standup",
        identity="alice",
        name="Alice",
        attributes={"role": "guest"},
        can_publish_sources=("microphone", "screen_share_audio"),
        can_publish_data=False,
        hidden=True,
    )

    token = SIGNER.verify(SIGNER.mint(grant, NOW), NOW)

    assert (token.room, token.identity, token.name, token.attributes) == (
        "standup",
        "alice",
        "Alice",
        {"role": "guest"},
    )
    assert token.permission.can_publish_sources == (TrackSource.MICROPHONE, TrackSource.SCREEN_SHARE_AUDIO)
    assert token.permission.hidden
    assert not token.permission.can_publish_data
    assert not token.permission.can_update_metadata


def test_data_follows_publishing_unless_told_otherwise() -> None:
    token = SIGNER.verify(forge(HS256, claims(**video(canPublish=False))), NOW)

    assert not token.permission.can_publish_data


def test_clocks_may_differ_by_a_minute() -> None:
    grant = JoinGrant(room="standup", identity="alice", name="Alice", ttl=timedelta(minutes=10))
    token = SIGNER.mint(grant, NOW)

    for moment in (NOW - timedelta(seconds=59), NOW + timedelta(minutes=10, seconds=59)):
        assert SIGNER.verify(token, moment).identity == "alice"
    for moment in (NOW - timedelta(seconds=61), NOW + timedelta(minutes=10, seconds=61)):
        with pytest.raises(TokenRejected):
            SIGNER.verify(token, moment)


def test_tokens_of_livekits_own_library_are_understood() -> None:
    grants = api.VideoGrants(
        room_join=True, room="standup", can_publish_sources=["camera"], can_update_own_metadata=True
    )
    theirs = api.AccessToken(KEY, SECRET).with_identity("bob").with_name("Bob").with_grants(grants)

    token = SIGNER.verify(theirs.with_ttl(timedelta(hours=1)).to_jwt(), datetime.now(UTC))

    assert (token.identity, token.name) == ("bob", "Bob")
    assert token.permission.can_publish_sources == (TrackSource.CAMERA,)
    assert token.permission.can_update_metadata


def test_livekits_own_library_understands_ours() -> None:
    ours = SIGNER.mint(JoinGrant(room="standup", identity="alice", name="Alice"), datetime.now(UTC))

    read = api.TokenVerifier(KEY, SECRET).verify(ours)

    assert (read.identity, read.name) == ("alice", "Alice")
    assert read.video is not None
    assert (read.video.room, read.video.room_join, read.video.can_publish) == ("standup", True, True)


def test_short_secret_is_refused() -> None:
    with pytest.raises(ValueError, match="32"):
        TokenSigner(api_key=KEY, api_secret="too short")


@pytest.mark.parametrize("kind", ["standard", "ingress", "egress", "sip", "agent", "connector", "bridge"])
def test_kinds_of_livekits_own_tokens_are_kept_through_renewals(kind: str) -> None:
    grants = api.VideoGrants(room_join=True, room="standup")
    theirs = api.AccessToken(KEY, SECRET).with_identity("bob").with_grants(grants).with_kind(kind)  # type: ignore[arg-type]
    now = datetime.now(UTC)

    token = SIGNER.verify(theirs.to_jwt(), now)
    renewed = SIGNER.verify(SIGNER.renew(token, now, timedelta(minutes=1)), now)

    assert token.kind == renewed.kind == ParticipantKind(kind)


@pytest.mark.parametrize(
    ("extra", "kind"),
    [
        ({}, "standard"),
        ({"kind": ""}, "standard"),
        ({"kind": "AGENT"}, "agent"),
        ({"kind": "something new"}, "standard"),
        (video(agent=True), "agent"),
        (video(recorder=True), "egress"),
    ],
)
def test_kind_is_standard_unless_the_token_names_another(extra: dict[str, Any], kind: str) -> None:
    assert SIGNER.verify(forge(HS256, claims(**extra)), NOW).kind == ParticipantKind(kind)


def test_details_of_a_kind_are_kept_through_renewals() -> None:
    token = SIGNER.verify(
        forge(HS256, claims(kind="agent", kindDetails=["cloud_agent", "forwarded", "unheard_of"])), NOW
    )
    renewed = SIGNER.verify(SIGNER.renew(token, NOW, timedelta(minutes=1)), NOW)

    assert token.kind_details == renewed.kind_details == (0, 1)


@pytest.mark.parametrize("extra", [{"kind": 4}, {"kind": ["agent"]}, {"kindDetails": "agent"}, {"kindDetails": [1]}])
def test_kind_of_another_type_is_refused(extra: dict[str, Any]) -> None:
    with pytest.raises(TokenRejected):
        SIGNER.verify(forge(HS256, claims(**extra)), NOW)


def test_kind_of_a_grant_is_in_its_token() -> None:
    grant = JoinGrant(room="standup", identity="captions", name="Captions", kind=ParticipantKind.AGENT)

    assert SIGNER.verify(SIGNER.mint(grant, NOW), NOW).kind is ParticipantKind.AGENT


@pytest.mark.parametrize("name", ["\u0915\u094d\u0937\u093f" * 60, "\U0001f44b\U0001f3fd\u200d\U0001f9b1" * 64])
def test_whoever_may_have_a_name_gets_in_with_it(name: str) -> None:
    assert clean_name(name) == name
    token = SIGNER.mint(JoinGrant(room="standup", identity="alice", name=name), NOW)
    assert SIGNER.verify(token, NOW).name == name
