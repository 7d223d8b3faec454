"""Bounds on the CPU time of untrusted bytes, with the worst-case input for each kind of reader.

Costs are CPU time of this thread, the least of several tries, against a bar that moves with the
machine: what the standard library takes for a plain list of the size of a request body, some times
over. A cost that is quadratic in the size of the input is above the bar by an order of magnitude.
"""

import asyncio
import base64
import contextlib
import io
import itertools
import json
import string
import time
from collections.abc import Callable

import pytest
from PIL import Image
from starlette.requests import Request
from starlette.types import Message
from support.clock import FakeClock

from fuzz import reading
from moothall.api.authentication import MAX_TOKEN_LENGTH, Authenticator
from moothall.api.body import MAX_BODY_BYTES, read_body
from moothall.api.errors import ApiError
from moothall.livekit import limits
from moothall.livekit.tokens import TokenRejected, TokenSigner
from moothall.page.schemas import JoinBody
from moothall.signalling.sdp import forbid_redundancy, prefer_codecs
from moothall.themes.logo_image import LogoInvalid, make_logo
from moothall.themes.model import LogoType
from moothall.themes.multipart import FileTooLarge, FormMalformed, FormReader

TRIES = 4
_PLAIN = b"[" + b"1," * (MAX_BODY_BYTES // 2 - 1) + b"1]"
# A body of 64 kB costs less than 20 ms: the plain list takes 1 to 2 ms where that was measured.
BAR = 12.0
KEYS = ["".join(letters) for letters in itertools.islice(itertools.product(string.ascii_letters, repeat=3), 9_000)]


def cost(work: Callable[[], object]) -> float:
    """The least CPU time it takes, in seconds."""
    least = float("inf")
    for _ in range(TRIES):
        begun = time.thread_time()
        work()
        least = min(least, time.thread_time() - begun)
    return least


def within(bar: float, work: Callable[[], object]) -> None:
    """Assert that the work costs less than so many plain lists."""
    # Measured beside it: other processes slow both down alike.
    plain = cost(lambda: json.loads(_PLAIN))
    taken = cost(work)
    assert taken < bar * plain, f"{taken * 1000:.1f} ms, {taken / plain:.1f} times a plain list"


def full(begin: bytes, piece: bytes, end: bytes = b"", size: int = MAX_BODY_BYTES) -> bytes:
    """Return as many of these pieces as fit."""
    return begin + piece * ((size - len(begin) - len(end)) // len(piece)) + end


JSON = {
    "a key twice": b"{" + b",".join(b'"%s":1' % key.encode() for key in [*KEYS[:6_500], KEYS[6_499]]) + b"}",
    "many keys": b"{" + b",".join(b'"%s":1' % key.encode() for key in KEYS[:7_000]) + b"}",
    "many keys and an escape": b"{" + b",".join(b'"%s":[]' % k.encode() for k in KEYS[:6_000]) + b',"\\u0041":1}',
    "as many keys as are read": b"{" + b",".join(b'"%s":"%s"' % (k.encode(), b"x" * 50) for k in KEYS[:1_000]) + b"}",
    "lists that do not end": full(b"", b"["),
    "objects that do not end": full(b"", b'{"a":'),
    "deep lists": b"[" * 900 + b"]" * 900,
    "many deep lists": full(b"[", b"[" * 60 + b"]" * 60 + b",", b"1]"),
    "empty lists": full(b"[", b"[],", b"1]"),
    "empty objects": full(b"[", b"{},", b"1]"),
    "small objects": full(b"[", b'{"a":1},', b"1]"),
    "one long integer": b"9" * MAX_BODY_BYTES,
    "long integers": full(b"[", b"9" * 4_299 + b",", b"1]"),
    "short integers": full(b"[", b"1,", b"1]"),
    "floats": full(b"[", b"1.5,", b"1]"),
    "one long float": b"1." + b"9" * (MAX_BODY_BYTES - 2),
    "exponents": full(b"[", b"1e-999999,", b"1]"),
    "an infinite number": b"1e999999",
    "escapes": full(b'"', b"\\u0041", b'"'),
    "surrogate pairs": full(b'"', b"\\ud83d\\ude00", b'"'),
    "lone surrogates": full(b'"', b"\\ud83d", b'"'),
    "backslashes": full(b'"', b"\\\\", b'"'),
    "empty strings": full(b"[", b'"",', b"1]"),
    "spaces": full(b"", b" ", b"{}"),
    "not UTF-8 at the end": full(b'"', b"\xc3\xa9", b"\xff"),
}


async def _read(body: bytes) -> None:
    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    with contextlib.suppress(ApiError):
        await read_body(Request({"type": "http", "method": "POST", "headers": []}, receive), JoinBody)


@pytest.mark.parametrize("name", JSON)
def test_a_json_body(name: str) -> None:
    assert len(JSON[name]) <= MAX_BODY_BYTES
    loop = asyncio.new_event_loop()
    within(BAR, lambda: loop.run_until_complete(_read(JSON[name])))
    loop.close()


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


EMPTY, RS256, HS256 = b64(b"{}"), b64(b'{"alg":"RS256"}'), b64(b'{"alg":"HS256"}')


@pytest.mark.parametrize("name", JSON)
def test_a_token_of_an_application(name: str) -> None:
    async def find(_application_id: str) -> None:
        return None

    authenticator = Authenticator(find, FakeClock())
    payload = b64(JSON[name])[: MAX_TOKEN_LENGTH - 40]
    loop = asyncio.new_event_loop()

    async def authenticate(token: str) -> None:
        with contextlib.suppress(ApiError):
            await authenticator.authenticate(f"Bearer {token}")

    within(BAR / 2, lambda: loop.run_until_complete(authenticate(f"{EMPTY}.{payload}.x")))
    within(BAR / 2, lambda: loop.run_until_complete(authenticate(f"{payload}.{EMPTY}.x")))
    within(BAR / 2, lambda: loop.run_until_complete(authenticate(f"{RS256}.{payload}.x")))
    loop.close()


@pytest.mark.parametrize("name", JSON)
def test_an_access_token(name: str) -> None:
    tokens = TokenSigner(api_key="key", api_secret="a secret of more than thirty-two characters")
    token = f"{HS256}.{b64(JSON[name])[: limits.MAX_TOKEN_BYTES - 60]}.x"

    def verify() -> None:
        with contextlib.suppress(TokenRejected):
            tokens.verify(token, FakeClock().now())

    within(BAR / 2, verify)


# A message of this size counts as four, of fifty in a second (livekit/limits.py).
@pytest.mark.parametrize("name", JSON)
def test_a_signalling_message(name: str) -> None:
    text = JSON[name].decode(errors="ignore")
    within(2 * BAR, lambda: reading._read(text))
    within(2 * BAR, lambda: reading._read('{"updateMetadata":{"attributes":' + text + "}}"))


@pytest.mark.parametrize(
    "message",
    [
        b"\x0a" * MAX_BODY_BYTES,
        b"\xff" * MAX_BODY_BYTES,
        full(b"", b"\x12\x00"),
        full(b"", b"\x0a\x02\x0a\x00"),
        full(b"", b"\x9a\x01\x00"),
        full(b"", b"\x0b"),
    ],
)
def test_protobuf(message: bytes) -> None:
    within(BAR, lambda: reading._read(message))
    within(BAR, lambda: reading.relay(message))


@pytest.mark.parametrize(
    "description",
    [
        full(b"v=0\r\n", b"m=audio 9 UDP/TLS/RTP/SAVPF 111 63\r\na=mid:0\r\na=rtpmap:63 red/48000/2\r\n"),
        full(b"v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF", b" 96", b"\r\na=mid:0\r\na=rtpmap:96 VP8/90000\r\n"),
        full(b"v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:0\r\n", b"a=rtpmap:96 VP8/90000\r\n"),
        full(b"", b"\r\n"),
        full(b"", b"m= \r\n"),
        full(b"m=", b" "),
    ],
)
def test_a_description(description: bytes) -> None:
    text = description.decode()
    mids = {str(number): "vp8" for number in range(1_000)}
    within(2 * BAR, lambda: prefer_codecs(text, mids))
    within(2 * BAR, lambda: forbid_redundancy(text, set(mids)))


FORM = b'--b\r\nContent-Disposition: form-data; name="x"\r\n'
FORMS = {
    "parts": full(b"", FORM + b"\r\n\r\n"),
    "headers": full(FORM, b"x: y\r\n"),
    "one header": full(FORM + b"x: ", b"y"),
    "one field": full(FORM + b"\r\n", b"y"),
    "almost boundaries": full(b'--b\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\n', b"\r\n--"),
    "dashes": full(b"", b"-"),
    "a disposition": full(b"--b\r\nContent-Disposition: form-data", b"; a=b"),
    "quotes": full(b"--b\r\nContent-Disposition: form-data; name=", b'"'),
}


@pytest.mark.parametrize("pieces", [1, 1_000])
@pytest.mark.parametrize("name", FORMS)
def test_a_form(name: str, pieces: int) -> None:
    size = -(-len(FORMS[name]) // pieces)

    def read() -> None:
        reader = FormReader("multipart/form-data; boundary=b", max_file_bytes=1_000_000)
        with contextlib.suppress(FormMalformed, FileTooLarge):
            for start in range(0, len(FORMS[name]), size):
                reader.feed(FORMS[name][start : start + size])
            reader.finish()

    within(BAR, read)


def picture(width: int, height: int) -> bytes:
    written = io.BytesIO()
    Image.new("RGBA", (width, height)).save(written, "PNG")
    return written.getvalue()


@pytest.mark.parametrize(
    "file",
    [
        picture(20_000, 1_000),
        picture(300, 300)[:-20],
        picture(300, 300)[:33] + b"\x00\x00\x00\x00tEXt\x00\x00\x00\x00" * 20_000,
        picture(300, 300)[:8] + b"\x00" * 1_000_000,
        picture(300, 300)[:8] + b"\xff" * 1_000_000,
    ],
)
def test_an_image(file: bytes) -> None:
    def look() -> None:
        with contextlib.suppress(LogoInvalid):
            make_logo(file, LogoType.WHITE)

    # A megabyte; the checksum of each of its chunks alone takes a few milliseconds.
    within(3 * BAR, look)
