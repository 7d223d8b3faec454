"""Tokens made to get in without the application's key.

Every one is refused with the same words, and none of them breaks anything.
"""

import base64
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from joserfc import jws
from joserfc.jwk import ECKey, RSAKey
from sqlalchemy import text
from support.server import RunningServer, Tenant

REFUSED = {"title": "Unauthorized", "detail": "You did not provide correct credentials"}
NOW = 1795348800


@dataclass
class Forger:
    """An attacker who knows everything public about Acme.

    Tests of properly signed false claims give it the private key.
    """

    acme: Tenant
    globex: Tenant

    def claims(self, **changes: Any) -> dict[str, Any]:
        claims = {"application_id": self.acme.application_id, "iat": NOW, "exp": NOW + 900, "jti": "one"} | changes
        return {name: value for name, value in claims.items() if value is not ...}

    def signed(self, claims: Any, header: dict[str, Any] | None = None, key: str | None = None) -> str:
        """Signed RS256 by Acme, whatever the header says."""
        head = encode(header if header is not None else {"alg": "RS256", "typ": "JWT"})
        payload = claims if isinstance(claims, str) else encode(claims)
        return f"{head}.{payload}.{self.signature(f'{head}.{payload}', key)}"

    def signature(self, text: str, key: str | None = None) -> str:
        private = serialization.load_pem_private_key((key or self.acme.keys.private).encode(), None)
        assert isinstance(private, rsa.RSAPrivateKey)
        return b64(private.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256()))

    def by_library(self, algorithm: str, key: Any, **header: Any) -> str:
        registry = jws.JWSRegistry(algorithms=[algorithm])
        payload = json.dumps(self.claims()).encode()
        return jws.serialize_compact({"alg": algorithm, **header}, payload, key, registry=registry)

    def public(self, form: str) -> bytes:
        key = serialization.load_pem_public_key(self.acme.keys.public.encode())
        formats = {
            "spki": serialization.PublicFormat.SubjectPublicKeyInfo,
            "pkcs1": serialization.PublicFormat.PKCS1,
        }
        return key.public_bytes(serialization.Encoding.PEM, formats[form])

    def hmac_with(self, secret: bytes, algorithm: str = "HS256") -> str:
        text = f"{encode({'alg': algorithm, 'typ': 'JWT'})}.{encode(self.claims())}"
        return f"{text}.{b64(hmac.digest(secret, text.encode(), 'sha256'))}"

    def es256(self) -> str:
        return self.by_library("ES256", ECKey.generate_key("P-256"))

    def own_key_in_header(self) -> str:
        mine = RSAKey.generate_key(2048)
        header = {"alg": "RS256", "jwk": mine.as_dict(private=False)}
        return self.signed(self.claims(), header, mine.as_pem(private=True).decode())


def b64(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def encode(value: Any) -> str:
    return b64(json.dumps(value).encode())


def raw(text: str) -> str:
    return b64(text.encode())


def swap_header(forger: Forger, header: str) -> str:
    head, payload = raw(header), encode(forger.claims())
    return f"{head}.{payload}.{forger.signature(f'{head}.{payload}')}"


def flip(token: str) -> str:
    head, payload, signature = token.split(".")
    damaged = bytearray(base64.urlsafe_b64decode(signature + "=="))
    damaged[100] ^= 1
    return f"{head}.{payload}.{b64(bytes(damaged))}"


def change_payload(forger: Forger) -> str:
    head, _, signature = forger.signed(forger.claims()).split(".")
    return f"{head}.{encode(forger.claims(jti='two'))}.{signature}"


FORGERIES: dict[str, Callable[[Forger], str]] = {
    # The algorithm chosen by the token.
    "alg none, no signature": lambda f: f"{encode({'alg': 'none'})}.{encode(f.claims())}.",
    "alg nOnE": lambda f: f"{encode({'alg': 'nOnE'})}.{encode(f.claims())}.",
    "alg none, good signature": lambda f: f.signed(f.claims(), {"alg": "none"}),
    "alg empty": lambda f: f.signed(f.claims(), {"alg": ""}),
    "alg missing": lambda f: f.signed(f.claims(), {"typ": "JWT"}),
    "alg a list": lambda f: f.signed(f.claims(), {"alg": ["RS256"]}),
    "alg null": lambda f: f.signed(f.claims(), {"alg": None}),
    "alg rs256 in small letters": lambda f: f.signed(f.claims(), {"alg": "rs256"}),
    "HS256 with the public key as secret": lambda f: f.hmac_with(f.public("spki")),
    "HS256 with the PKCS1 public key": lambda f: f.hmac_with(f.public("pkcs1")),
    "HS256 signature under RS256": lambda f: f.hmac_with(f.public("spki"), "RS256"),
    "HS256 with an empty secret": lambda f: f.hmac_with(b""),
    "ES256 with a new key": lambda f: f.es256(),
    "PS256 with the right key": lambda f: f.by_library("PS256", RSAKey.import_key(f.acme.keys.private)),
    "RS512 with the right key": lambda f: f.by_library("RS512", RSAKey.import_key(f.acme.keys.private)),
    # Keys brought along.
    "jwk in the header": lambda f: f.own_key_in_header(),
    "jku to elsewhere, wrong key": lambda f: f.signed(
        f.claims(), {"alg": "RS256", "jku": "http://127.0.0.1:9/keys"}, f.globex.keys.private
    ),
    "x5u to elsewhere, wrong key": lambda f: f.signed(
        f.claims(), {"alg": "RS256", "x5u": "http://127.0.0.1:9/cert"}, f.globex.keys.private
    ),
    "kid with a path, wrong key": lambda f: f.signed(
        f.claims(), {"alg": "RS256", "kid": "../../../dev/null"}, f.globex.keys.private
    ),
    "kid with SQL, wrong key": lambda f: f.signed(
        f.claims(), {"alg": "RS256", "kid": "' OR 1=1 --"}, f.globex.keys.private
    ),
    "crit nobody understands": lambda f: f.signed(f.claims(), {"alg": "RS256", "crit": ["exp"], "exp": 1}),
    "crit empty": lambda f: f.signed(f.claims(), {"alg": "RS256", "crit": []}),
    "unencoded payload": lambda f: f.signed(f.claims(), {"alg": "RS256", "b64": False}),
    # Somebody else's name.
    "another application's key": lambda f: f.signed(f.claims(), key=f.globex.keys.private),
    "another application's name": lambda f: f.signed(f.claims(application_id=f.globex.application_id)),
    "no application": lambda f: f.signed(f.claims(application_id=...)),
    "application that does not exist": lambda f: f.signed(
        f.claims(application_id="7b1091e1-6c3f-4b0e-9b0e-2f6a36ad3d80")
    ),
    "application with SQL": lambda f: f.signed(f.claims(application_id="' OR '1'='1")),
    "application as a list": lambda f: f.signed(f.claims(application_id=[f.acme.application_id])),
    "application of a megabyte's name": lambda f: f.signed(f.claims(application_id="a" * 5000)),
    "application with NUL": lambda f: f.signed(f.claims(application_id=f.acme.application_id + "\0")),
    "application with NUL, as long as an id": lambda f: f.signed(
        f.claims(application_id=f.acme.application_id[:-1] + "\0")
    ),
    "application with half a surrogate pair": lambda f: f.signed(
        raw(f'{{"application_id":"{f.acme.application_id[:-1]}\\ud800","iat":{NOW},"exp":{NOW + 900},"jti":"one"}}')
    ),
    "jti with half a surrogate pair": lambda f: f.signed(
        raw(f'{{"application_id":"{f.acme.application_id}","iat":{NOW},"exp":{NOW + 900},"jti":"\\udfff"}}')
    ),
    "claim with NUL": lambda f: f.signed(f.claims(sub="a\0b")),
    "exp too large for a double": lambda f: f.signed(
        raw(f'{{"application_id":"{f.acme.application_id}","iat":{NOW},"exp":1e999,"jti":"one"}}')
    ),
    "application given twice": lambda f: f.signed(
        raw(
            f'{{"application_id":"{f.globex.application_id}","application_id":"{f.acme.application_id}",'
            f'"iat":{NOW},"exp":{NOW + 900},"jti":"one"}}'
        )
    ),
    "alg given twice": lambda f: swap_header(f, '{"alg":"none","alg":"RS256"}'),
    # Time.
    "neither iat nor exp": lambda f: f.signed(f.claims(iat=..., exp=...)),
    "no exp, issued sixteen minutes ago": lambda f: f.signed(f.claims(iat=NOW - 960, exp=...)),
    "no exp, not before later": lambda f: f.signed(f.claims(exp=..., nbf=NOW + 61)),
    "no iat, ends in more than a day": lambda f: f.signed(f.claims(iat=..., exp=NOW + 86400 + 61)),
    "exp null": lambda f: f.signed(f.claims(exp=None)),
    "a year long, issued a day and a minute ago": lambda f: f.signed(
        f.claims(iat=NOW - 86400 - 60, exp=NOW + 365 * 86400)
    ),
    "expired a minute ago": lambda f: f.signed(f.claims(iat=NOW - 900, exp=NOW - 60)),
    "from the future": lambda f: f.signed(f.claims(iat=NOW + 61, exp=NOW + 900)),
    "not before later": lambda f: f.signed(f.claims(nbf=NOW + 61)),
    "exp before iat": lambda f: f.signed(f.claims(iat=NOW + 30, exp=NOW + 20)),
    "exp as text": lambda f: f.signed(f.claims(exp=str(NOW + 900))),
    "exp true": lambda f: f.signed(f.claims(exp=True)),
    "exp infinite": lambda f: f.signed(
        raw(f'{{"application_id":"{f.acme.application_id}","iat":{NOW},"exp":Infinity,"jti":"one"}}')
    ),
    "exp not a number": lambda f: f.signed(
        raw(f'{{"application_id":"{f.acme.application_id}","iat":NaN,"exp":NaN,"jti":"one"}}')
    ),
    "exp of four thousand digits": lambda f: f.signed(
        raw(f'{{"application_id":"{f.acme.application_id}","iat":{NOW},"exp":{"9" * 4000},"jti":"one"}}')
    ),
    "no jti": lambda f: f.signed(f.claims(jti=...)),
    "jti a number": lambda f: f.signed(f.claims(jti=1)),
    # Form.
    "one bit of the signature flipped": lambda f: flip(f.signed(f.claims())),
    "payload changed after signing": change_payload,
    "empty signature": lambda f: f"{encode({'alg': 'RS256'})}.{encode(f.claims())}.",
    "two parts": lambda f: f.signed(f.claims()).rpartition(".")[0],
    "four parts": lambda f: f.signed(f.claims()) + ".more",
    "five parts, as if encrypted": lambda _: ".".join(
        [encode({"alg": "RSA-OAEP", "enc": "A256GCM"}), "a", "b", "c", "d"]
    ),
    "a JSON serialization": lambda f: json.dumps({"payload": encode(f.claims()), "signatures": []}),
    "payload a list": lambda f: f.signed([f.acme.application_id]),
    "payload not JSON": lambda f: f.signed(raw("hello")),
    "payload not UTF-8": lambda f: f.signed(b64(b'{"application_id":"\xff"}')),
    "payload nested deeply": lambda f: f.signed(raw('{"a":' * 1000 + "1" + "}" * 1000)),
    "not base64": lambda _: "ab$.cd$.ef$",
    "dots only": lambda _: "..",
    "a megabyte": lambda _: f"{encode({'alg': 'RS256'})}.{'A' * 1_000_000}.{'A' * 342}",
}


@pytest.fixture
def forger(acme: Tenant, globex: Tenant) -> Forger:
    return Forger(acme, globex)


def test_there_are_at_least_forty():
    assert len(FORGERIES) >= 40


@pytest.mark.parametrize("name", FORGERIES)
async def test_forgery_is_refused(forger: Forger, name: str):
    token = FORGERIES[name](forger)

    response = await forger.acme.http.get("/v1/meetings/rooms", headers={"authorization": f"Bearer {token}"})

    assert response.status_code == 401
    assert response.json() == REFUSED


@pytest.mark.parametrize(
    "claims",
    [
        {},
        {"iat": NOW + 59, "exp": NOW + 900},
        {"iat": NOW - 900, "exp": NOW - 59},
        {"exp": NOW + 86400},
        {"exp": NOW + 86401},
        {"exp": ...},
        {"exp": ..., "iat": NOW - 959},
        {"iat": NOW - 86400 - 59, "exp": NOW + 365 * 86400},
        {"iat": ..., "exp": NOW + 900},
        {"jti": "x" * 88},
        {"iat": NOW + 0.123456, "exp": NOW + 900.5},
        {"nbf": NOW + 59},
        {"acl": {"paths": {"/*/users/**": {}}}, "sub": "somebody"},
    ],
)
async def test_honest_token_gets_in(forger: Forger, claims: dict[str, Any]):
    """The forger's own tools make good tokens.

    What is refused above is refused for the reason it is named after.
    """
    token = forger.signed(forger.claims(**claims))

    response = await forger.acme.http.get("/v1/meetings/rooms", headers={"authorization": f"Bearer {token}"})

    assert response.status_code == 200


async def test_the_header_may_say_type_instead_of_typ(forger: Forger):
    """As the JWTs of the Java SDK do."""
    token = forger.signed(forger.claims(exp=...), {"alg": "RS256", "type": "JWT"})

    response = await forger.acme.http.get("/v1/meetings/rooms", headers={"authorization": f"Bearer {token}"})

    assert response.status_code == 200


async def test_application_id_in_capitals_is_the_same_application(forger: Forger):
    token = forger.signed(forger.claims(application_id=forger.acme.application_id.upper()))

    response = await forger.acme.http.get("/v1/meetings/rooms", headers={"authorization": f"bearer {token}"})

    assert response.status_code == 200


@pytest.mark.parametrize("header", [None, ""])
async def test_no_header_is_told_apart(acme: Tenant, header: str | None):
    headers = {} if header is None else {"authorization": header}

    response = await acme.http.get("/v1/meetings/rooms", headers=headers)

    assert response.status_code == 401
    assert response.json() == {"title": "Missing Auth", "detail": "Auth header is required"}
    assert response.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("header", ["Bearer", "Bearer ", "Basic YTpi", "Token abc", "Bearer\tabc", "Bearer é"])
async def test_other_schemes_are_refused(acme: Tenant, header: str):
    response = await acme.http.get("/v1/meetings/rooms", headers={"authorization": header.encode("latin-1")})

    assert response.status_code == 401
    assert response.json() == REFUSED


async def test_strangers_do_not_get_their_bodies_read(acme: Tenant):
    response = await acme.http.post("/v1/meetings/rooms", content=b"{" * 50_000)

    assert response.status_code == 401


async def test_deleted_application_is_out_within_seconds(acme: Tenant, server: RunningServer):
    assert (await acme.get("/rooms")).status_code == 200
    database = server.server.context.database
    statement = text("DELETE FROM applications WHERE application_id = :id")
    await database.write(lambda connection: connection.execute(statement, {"id": acme.application_id}))

    acme.clock.advance(seconds=6)

    assert (await acme.get("/rooms")).status_code == 401
