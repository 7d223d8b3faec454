import asyncio
import datetime as dt
import ipaddress
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import httpcore2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from support.receiver import Receiver, receiver

from moothall.api.fields import WEB_ADDRESS_PATTERN, WebAddress
from moothall.callbacks.client import CallbackClient
from moothall.callbacks.guard import (
    HIDDEN,
    AddressForbidden,
    GuardedNetwork,
    Permitted,
    SystemResolver,
    is_allowed,
    parse_callback_url,
)
from moothall.callbacks.schedule import Answered, Outcome, Unanswered

PRIVATE = HIDDEN

FORBIDDEN_ADDRESSES = """
0.0.0.0 0.0.0.1 0.255.255.255 10.0.0.0 10.0.0.1 10.255.255.255 100.64.0.0 100.64.0.1 100.127.255.255 127.0.0.0 127.0.0.1 127.0.0.53 127.1.2.3
127.255.255.255 168.63.129.16 169.254.0.0 169.254.0.1 169.254.169.254 169.254.170.2 169.254.255.255 172.16.0.0 172.16.0.1 172.31.255.255
192.0.0.1 192.0.0.170 192.0.2.0 192.0.2.1 192.31.196.1 192.52.193.1 192.88.99.1 192.168.0.0 192.168.0.1 192.168.255.255 192.175.48.1
198.18.0.1 198.19.255.255 198.51.100.1 203.0.113.0 203.0.113.255 224.0.0.1 224.0.0.251 239.255.255.255 240.0.0.1 255.255.255.255
:: ::1 ::2 ::127.0.0.1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:169.254.169.254 ::ffff:8.8.8.8 ::ffff:0:127.0.0.1 64:ff9b::7f00:1
64:ff9b::a9fe:a9fe 64:ff9b::808:808 64:ff9b:1::1 100::1 2001::1 2001:0:4136:e378:8000:63bf:3fff:fdd2 2001:2::1 2001:10::1 2001:20::1
2001:db8::1 2002:7f00:1:: 2002:a00:1::1 2002:808:808::1 2620:4f:8000::1 3fff::1 3fff:fff::1 4000::1 5f00::1 fc00::1 fd00::1
fd00:ec2::254 fdff:ffff::1 fe80::1 fe80::1%1 fe80::1%eth0 fec0::1 feff::1 ff00::1 ff02::1 ff02::fb ff05::2 2606:4700::1%1
""".split()  # noqa: SIM905 - a table that can be read

PUBLIC_ADDRESSES = """
1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.1 168.63.129.15 169.253.255.255 169.255.0.0
172.15.255.255 172.32.0.0 192.0.1.1 192.0.3.1 192.167.255.255 192.169.0.0 198.17.255.255 198.20.0.0 203.0.112.255 223.255.255.255
2001:200::1 2001:4860:4860::8888 2606:4700:4700::1111 2a00:1450::1 3ffe::1
""".split()  # noqa: SIM905 - a table that can be read

FORBIDDEN_URLS = [
    "",
    "receiver.example",
    "//receiver.example/",
    "/path",
    "ftp://receiver.example/",
    "file:///etc/passwd",
    "gopher://receiver.example:70/",
    "javascript:alert(1)",
    "data:text/plain,hello",
    "unix:///run/docker.sock",
    "http:",
    "http://",
    "http:///path",
    "https://:443/",
    "http://user@receiver.example/",
    "http://user:password@receiver.example/",
    "http://@receiver.example/",
    "http://receiver.example@127.0.0.1/",
    "http://receiver.example:0/",
    "http://receiver.example:65536/",
    "http://receiver.example:-1/",
    "http://receiver.example:80:80/",
    "http://receiver.example:http/",
    "http://receiver.example/ HTTP/1.1\r\nX-Evil: 1",
    "http://receiver.example/\r\nX-Evil: 1",
    "http://receiver.example\r\n/",
    "http://receiver.example/a b",
    "http://receiver.example/\t",
    "http://receiver.example/\x00",
    "http://receiver.example/\x7f",
    "http://receiver.example\\@127.0.0.1/",
    "http://[::1",
    "http://[::1]x/",
    "http://[nonsense]/",
    "http://" + "a" * 3000 + ".example/",
    "http://receiver.example/" + "a" * 3000,
    "http://\u2025.example/",
]


@pytest.mark.parametrize("address", FORBIDDEN_ADDRESSES)
def test_a_callback_may_not_go_to(address: str) -> None:
    assert not is_allowed(address, Permitted())


@pytest.mark.parametrize("address", PUBLIC_ADDRESSES)
def test_a_callback_may_go_to(address: str) -> None:
    assert is_allowed(address, Permitted())


@pytest.mark.parametrize("address", FORBIDDEN_ADDRESSES)
def test_the_development_setting_allows_loopback_and_nothing_else(address: str) -> None:
    is_loopback = address == "::1" or address.startswith("127.")

    assert is_allowed(address, permitted=Permitted(loopback=True)) == is_loopback


@pytest.mark.parametrize(
    "text", ["", "localhost", "127.1", "0x7f000001", "2130706433", "1.1.1.1:80", "1.1.1", "١.١.١.١"]
)
def test_what_is_not_an_address_is_not_allowed(text: str) -> None:
    assert not is_allowed(text, permitted=Permitted(loopback=True))


def test_the_vectors_are_as_many_as_promised() -> None:
    assert len(set(FORBIDDEN_ADDRESSES)) + len(FORBIDDEN_URLS) >= 120
    assert all(ipaddress.ip_address(address) for address in FORBIDDEN_ADDRESSES + PUBLIC_ADDRESSES)


@pytest.mark.parametrize("url", FORBIDDEN_URLS)
def test_is_no_callback_url(url: str) -> None:
    with pytest.raises(AddressForbidden):
        parse_callback_url(url)


@pytest.mark.parametrize(
    ("url", "authority", "target", "receiver_name"),
    [
        ("http://receiver.example", "receiver.example", "/", "http://receiver.example"),
        ("HTTPS://Receiver.Example/In?a=b#fragment", "receiver.example", "/In?a=b", "https://receiver.example"),
        ("https://receiver.example:443/x", "receiver.example", "/x", "https://receiver.example"),
        ("https://receiver.example:8443/x", "receiver.example:8443", "/x", "https://receiver.example:8443"),
        ("http://[2606:4700::1]:81/", "[2606:4700::1]:81", "/", "http://[2606:4700::1]:81"),
        (
            "http://bücher.example/grüße?q=ü",
            "xn--bcher-kva.example",
            "/gr%C3%BC%C3%9Fe?q=%C3%BC",
            "http://xn--bcher-kva.example",
        ),
        ("http://receiver.example/a%2Fb%20c", "receiver.example", "/a%2Fb%20c", "http://receiver.example"),
    ],
)
def test_a_callback_url_is_taken_apart(url: str, authority: str, target: str, receiver_name: str) -> None:
    parsed = parse_callback_url(url)

    assert (parsed.authority, parsed.target, parsed.receiver) == (authority, target, receiver_name)


def _reason(outcome: Outcome) -> object:
    """Return the part that the application may read."""
    return outcome.reason if isinstance(outcome, Unanswered) else outcome


def _resolver(*answers: list[str]) -> Callable[[str, int], Awaitable[list[str]]]:
    """Gives one answer after the other, the last one for ever."""
    remaining = list(answers)

    async def resolve(_host: str, _port: int) -> list[str]:
        return remaining.pop(0) if len(remaining) > 1 else remaining[0]

    return resolve


@pytest.fixture
async def victim() -> AsyncIterator[Receiver]:
    """Something on this machine that no callback must reach."""
    async with receiver() as listening:
        yield listening


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1",
        "127.0.1",
        "0177.0.0.1",
        "0x7f.0.0.1",
        "0x7f000001",
        "2130706433",
        "017700000001",
        "0",
        "0.0.0.0",  # noqa: S104 - where a callback must not go
        "localhost",
        "LOCALHOST",
        "localhost.",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[0:0:0:0:0:ffff:7f00:1]",
        "①②⑦.0.0.1",
        "127。0。0。1",
    ],
)
async def test_no_spelling_of_this_machine_is_connected_to(victim: Receiver, host: str) -> None:
    client = CallbackClient(connections=1, resolve=SystemResolver())

    outcome = await client.post(f"http://{host}:{victim.port}/", {}, b"{}")

    assert isinstance(outcome, Unanswered)
    assert victim.connections == 0
    await client.close()


@pytest.mark.parametrize(
    "answer",
    [["127.0.0.1"], ["1.1.1.1", "127.0.0.1"], ["127.0.0.1", "1.1.1.1"], ["::ffff:127.0.0.1"], ["64:ff9b::7f00:1"]],
)
async def test_one_forbidden_address_of_a_name_is_enough(victim: Receiver, answer: list[str]) -> None:
    client = CallbackClient(connections=1, resolve=_resolver(answer))

    assert _reason(await client.post(f"http://receiver.example:{victim.port}/", {}, b"{}")) == PRIVATE

    assert victim.connections == 0
    await client.close()


class RecordingNetwork(httpcore2.AsyncNetworkBackend):
    """A network on which nobody answers, and that remembers who was asked for."""

    def __init__(self) -> None:
        self.asked_for: list[str] = []

    async def connect_tcp(self, host: str, *_arguments: object, **_named: object) -> httpcore2.AsyncNetworkStream:
        self.asked_for.append(host)
        raise httpcore2.ConnectError("nobody there")


async def test_a_name_that_changes_its_mind_is_checked_for_every_connection(victim: Receiver) -> None:
    guarded = GuardedNetwork(_resolver(["1.1.1.1"], ["127.0.0.1"]))
    network = guarded._network = RecordingNetwork()

    with pytest.raises(httpcore2.ConnectError):
        await guarded.connect_tcp("rebinding.example", victim.port)
    with pytest.raises(AddressForbidden):
        await guarded.connect_tcp("rebinding.example", victim.port)

    assert network.asked_for == ["1.1.1.1"]
    assert victim.connections == 0


async def test_the_connection_goes_to_the_address_that_was_checked(victim: Receiver) -> None:
    """Resolved once: a second question, which would be answered differently, is never asked."""
    asked = []

    async def resolve(host: str, _port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["203.0.113.1"]

    client = CallbackClient(connections=1, resolve=resolve, permitted=Permitted(loopback=True))

    assert await client.post(f"http://receiver.example:{victim.port}/in", {}, b"{}") == Answered(200)

    assert asked == ["receiver.example"]
    assert victim.received[0].headers["host"] == f"receiver.example:{victim.port}"
    await client.close()


async def test_a_redirect_is_not_followed(victim: Receiver) -> None:
    async with receiver() as redirecting:
        client = CallbackClient(connections=1, permitted=Permitted(loopback=True))

        async def answer(_request: object, writer: asyncio.StreamWriter) -> None:
            writer.write(f"HTTP/1.1 307 Go\r\nLocation: {victim.url()}\r\nContent-Length: 0\r\n\r\n".encode())

        redirecting.answer = answer

        assert await client.post(redirecting.url(), {}, b"{}") == Answered(307)

        assert victim.connections == 0
        await client.close()


async def test_proxies_of_the_environment_are_not_used(victim: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    async with receiver() as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url())
        client = CallbackClient(connections=1, permitted=Permitted(loopback=True))

        assert await client.post(victim.url(), {}, b"{}") == Answered(200)

        assert proxy.connections == 0
        await client.close()


async def test_a_second_address_is_tried_when_the_first_does_not_answer(victim: Receiver) -> None:
    # The receiver listens on 127.0.0.1 only; 127.0.0.2 refuses.
    client = CallbackClient(
        connections=1, resolve=_resolver(["127.0.0.2", "127.0.0.1"]), permitted=Permitted(loopback=True)
    )

    assert await client.post(f"http://receiver.example:{victim.port}/", {}, b"{}") == Answered(200)
    await client.close()


@pytest.mark.parametrize(
    "error", [socket.gaierror(-2, "Name or service not known"), OSError("no network"), UnicodeError()]
)
async def test_a_name_that_cannot_be_resolved_is_a_failure_like_others(error: Exception) -> None:
    async def resolve(_host: str, _port: int) -> list[str]:
        raise error

    client = CallbackClient(connections=1, resolve=resolve)

    outcome = await client.post("http://receiver.example/", {}, b"{}")
    await client.close()

    # The application reads the first sentence, the operator the second.
    assert isinstance(outcome, Unanswered)
    assert (outcome.reason, outcome.is_hidden) == (HIDDEN, True)
    assert (outcome.detail or "").startswith("DNS: receiver.example cannot be resolved")


async def test_the_application_cannot_tell_an_internal_name_from_one_that_does_not_exist() -> None:
    async def nothing(_host: str, _port: int) -> list[str]:
        raise socket.gaierror(-2, "Name or service not known")

    outcomes = []
    for resolve in (nothing, _resolver(["10.1.2.3"]), _resolver([])):
        client = CallbackClient(connections=1, resolve=resolve)
        outcomes.append(await client.post("http://db.internal/", {}, b"{}"))
        await client.close()

    assert {outcome.reason for outcome in outcomes if isinstance(outcome, Unanswered)} == {HIDDEN}
    assert len({outcome.detail for outcome in outcomes if isinstance(outcome, Unanswered)}) == 3


@pytest.mark.parametrize(
    ("address", "setting"), [("127.0.0.1", "allow_loopback_callbacks"), ("10.1.2.3", "callback_networks")]
)
async def test_the_operator_reads_which_setting_permits_the_address(address: str, setting: str) -> None:
    client = CallbackClient(connections=1, resolve=_resolver([address]))

    outcome = await client.post("http://receiver.example/", {}, b"{}")
    await client.close()

    assert isinstance(outcome, Unanswered)
    assert (outcome.detail or "").endswith(f"see {setting}")


async def test_refused_is_told_from_unknown() -> None:
    async with receiver() as gone:
        url = gone.url()
    client = CallbackClient(connections=1, permitted=Permitted(loopback=True))

    assert await client.post(url, {}, b"{}") == Unanswered("the connection was refused")
    await client.close()


METADATA = ["169.254.169.254", "169.254.170.2", "fd00:ec2::254", "168.63.129.16", "100.100.100.200", "192.0.0.192"]


@pytest.mark.parametrize(
    ("items", "address", "host", "allowed"),
    [
        (["10.0.0.0/8"], "10.1.2.3", "x.example", True),
        (["10.0.0.0/8"], "192.168.1.1", "x.example", False),
        (["fd00::/8"], "fd12::1", "x.example", True),
        (["127.0.0.1/32"], "127.0.0.1", "localhost", True),
        (["127.0.0.1/32"], "127.0.0.2", "localhost", False),
        (["hooks.internal"], "10.1.2.3", "Hooks.Internal.", True),
        (["hooks.internal"], "10.1.2.3", "other.internal", False),
        (["hooks.internal"], "10.1.2.3", "evil.hooks.internal", False),
        (["*.internal"], "10.1.2.3", "a.b.internal", True),
        (["*.internal"], "10.1.2.3", "internal", False),
        (["*.internal"], "10.1.2.3", "notinternal", False),
        (["0.0.0.0/0", "::/0", "*.internal"], "0.0.0.0", "a.internal", False),  # noqa: S104 - it is refused
        (["0.0.0.0/0"], "224.0.0.1", "x.example", False),
        (["0.0.0.0/0"], "255.255.255.255", "x.example", False),
        (["::/0"], "::ffff:10.0.0.1", "x.example", False),
        (["::/0"], "64:ff9b::a9fe:a9fe", "x.example", False),
        (["::/0"], "2002:a9fe:a9fe::1", "x.example", False),
        (["10.0.0.0/8"], "8.8.8.8", "x.example", True),
    ],
)
def test_the_operators_list(items: list[str], address: str, host: str, allowed: bool) -> None:
    assert is_allowed(address, Permitted.of(items), host) is allowed


@pytest.mark.parametrize("address", METADATA)
def test_metadata_services_only_when_named_exactly(address: str) -> None:
    around = Permitted.of(["0.0.0.0/0", "::/0", "169.254.0.0/16", "metadata.internal"], loopback=True)

    assert not is_allowed(address, around, "metadata.internal")
    assert is_allowed(address, Permitted.of([str(ipaddress.ip_network(address))]), "x.example")


# Input that one validator accepts is fed to the other: the guard must not refuse a URL that the API
# accepted.
_WEB_ADDRESSES = st.from_regex(
    WEB_ADDRESS_PATTERN.removeprefix("^").removesuffix("$"), fullmatch=True, alphabet=st.characters(codec="ascii")
)


@given(_WEB_ADDRESSES)
def test_every_url_that_the_api_accepts_is_sent(url: str) -> None:
    assume(len(url) <= 2048)
    accepted = TypeAdapter(WebAddress).validate_python(url)

    assert parse_callback_url(accepted).host


@pytest.mark.parametrize("user", ["user:password", "user", "a%40b", ":", ""])
def test_credentials_in_a_url_are_refused_with_a_sentence(user: str) -> None:
    with pytest.raises(ValidationError, match="must not contain a user name or password"):
        TypeAdapter(WebAddress).validate_python(f"https://{user}@receiver.example/in")
    with pytest.raises(AddressForbidden):
        parse_callback_url(f"https://{user}@receiver.example/in")


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate for receiver.example, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "receiver.example")])
    now = dt.datetime.now(dt.UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("receiver.example")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "receiver.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + built.public_bytes(serialization.Encoding.PEM)
    )
    return path


@pytest.mark.parametrize(
    ("host", "outcome"),
    [("receiver.example", Answered(200)), ("other.example", Unanswered("the certificate is not trusted"))],
)
async def test_certificates_are_checked_against_the_name(certificate: Path, host: str, outcome: object) -> None:
    names: list[str | None] = []
    server_tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_tls.load_cert_chain(certificate)
    server_tls.sni_callback = lambda _socket, name, _context: names.append(name)
    listening = Receiver()
    server = await asyncio.start_server(listening.serve, "127.0.0.1", 0, ssl=server_tls)
    port = server.sockets[0].getsockname()[1]
    client = CallbackClient(
        connections=1,
        resolve=_resolver(["127.0.0.1"]),
        permitted=Permitted(loopback=True),
        tls=ssl.create_default_context(cafile=str(certificate)),
    )

    assert _reason(await client.post(f"https://{host}:{port}/", {}, b"{}")) == _reason(outcome)

    assert names == [host]
    await client.close()
    server.close()
    await server.wait_closed()
