"""The certificate: checked before anything is bound, read again while the server runs."""

import asyncio
import ssl
from datetime import UTC, datetime
from pathlib import Path

import structlog
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization

from moothall.kit.clock import Clock
from moothall.serving import StartRefused

_MAX_PEM_BYTES = 1024 * 1024
_LOOK_EVERY_S = 2.0
_PRIVATE_KEY = b"PRIVATE KEY-----"
_CERTIFICATE = b"-----BEGIN CERTIFICATE-----"
# Keys with a passphrase, as PKCS #8 and as OpenSSL's older form.
_ENCRYPTED = (b"-----BEGIN ENCRYPTED PRIVATE KEY-----", b"Proc-Type: 4,ENCRYPTED")

_log = structlog.get_logger("moothall.tls")


class TlsInvalid(StartRefused):
    """The certificate or its key cannot be used; the message names the file and says what to do."""


class Tls:
    """The context that listening sockets use.

    A new certificate serves the connections that begin after ``reload``.
    """

    def __init__(self, certificate: Path, key: Path, clock: Clock) -> None:
        """Raises TlsInvalid."""
        self._certificate = certificate
        self._key = key
        self._clock = clock
        self._read = self._signature()
        self._current, self.leaf = load_certificate(certificate, key, clock.now())
        self.context = _empty_context()
        # One context per certificate, chosen when a handshake begins: a certificate that cannot be
        # used leaves the old one untouched. OpenSSL calls this with and without a server name.
        self.context.sni_callback = self._choose
        # The listening context needs a certificate of its own for OpenSSL to offer its cipher
        # suites.
        _load(self.context, certificate, key)

    def reload(self) -> None:
        """Read the files again.

        When they cannot be used, log why and keep the certificate there is.
        """
        self._read = self._signature()
        try:
            self._current, self.leaf = load_certificate(self._certificate, self._key, self._clock.now())
        except TlsInvalid as error:
            _log.error("certificate_not_reloaded", reason=str(error), kept="the certificate that was in use before")
        else:
            _log.info("certificate_reloaded", valid_until=f"{self.leaf.not_valid_after_utc:%Y-%m-%dT%H:%M:%SZ}")

    async def watch(self) -> None:
        """Reload when a file has changed and stays so for one look.

        Renewals write one file after the other.
        """
        changed = None
        while True:
            await asyncio.sleep(_LOOK_EVERY_S)
            signature = self._signature()
            if signature != self._read and signature == changed:
                self.reload()
            changed = signature

    def _choose(self, connection: ssl.SSLObject | ssl.SSLSocket, _name: str | None, _context: ssl.SSLContext) -> None:
        connection.context = self._current

    def _signature(self) -> tuple[object, ...]:
        return tuple(_stamp(path) for path in (self._certificate, self._key))


def load_certificate(certificate: Path, key: Path, now: datetime) -> tuple[ssl.SSLContext, x509.Certificate]:
    """A context that serves this certificate, and the certificate itself. Raises TlsInvalid."""
    chain_text = _read("certificate", certificate)
    key_text = _read("private key", key)
    if _CERTIFICATE not in chain_text:
        if _PRIVATE_KEY in chain_text and _CERTIFICATE in key_text:
            raise TlsInvalid(
                f"certificate and private key are swapped: {certificate} holds the key, {key} the certificate"
            )
        raise TlsInvalid(f"the certificate file {certificate} contains no certificate in PEM form")
    if any(mark in key_text for mark in _ENCRYPTED):
        raise TlsInvalid(
            f"the private key {key} is encrypted, and nobody can type its passphrase: write a copy without one "
            f"(openssl pkey -in {key} -out plain.pem)"
        )
    if _PRIVATE_KEY not in key_text:
        raise TlsInvalid(f"the private key file {key} contains no private key in PEM form")
    leaf = _matching_leaf(chain_text, key_text, certificate, key)
    begins, ends = leaf.not_valid_before_utc.astimezone(UTC), leaf.not_valid_after_utc.astimezone(UTC)
    if ends <= now:
        raise TlsInvalid(f"the certificate {certificate} expired on {ends:%Y-%m-%d}: renew it")
    if begins > now:
        raise TlsInvalid(
            f"the certificate {certificate} is valid only from {begins:%Y-%m-%d %H:%M} UTC: check this machine's clock"
        )
    context = _empty_context()
    _load(context, certificate, key)
    return context, leaf


def covers(leaf: x509.Certificate, host: str) -> bool:
    """Return whether the certificate names this host (RFC 6125 section 6.4).

    A wildcard stands for one label.
    """
    try:
        names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return False
    wildcard = f"*.{host.partition('.')[2]}"
    dns = {name.lower() for name in names.get_values_for_type(x509.DNSName)}
    return host in dns or wildcard in dns or host in map(str, names.get_values_for_type(x509.IPAddress))


def _matching_leaf(chain_text: bytes, key_text: bytes, certificate: Path, key: Path) -> x509.Certificate:
    try:
        chain = x509.load_pem_x509_certificates(chain_text)
    except (ValueError, UnsupportedAlgorithm):
        raise TlsInvalid(f"the certificate file {certificate} is damaged") from None
    try:
        private = serialization.load_pem_private_key(key_text, None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise TlsInvalid(f"the private key file {key} is damaged or of an unknown kind") from None
    public = _encoded(private.public_key())
    if _encoded(chain[0].public_key()) != public:
        if any(_encoded(one.public_key()) == public for one in chain):
            raise TlsInvalid(f"the server's own certificate must be the first one in {certificate}")
        raise TlsInvalid(f"the private key {key} does not belong to the certificate {certificate}")
    return chain[0]


def _encoded(public_key: "object") -> bytes:
    encoded: bytes = public_key.public_bytes(  # type: ignore[attr-defined]
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return encoded


def _read(what: str, path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_MAX_PEM_BYTES)
    except OSError as error:
        raise TlsInvalid(f"the {what} file {path} cannot be read: {error.strerror}") from None


def _empty_context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _load(context: ssl.SSLContext, certificate: Path, key: Path) -> None:
    try:
        # Never asks for a passphrase on the terminal.
        context.load_cert_chain(certificate, key, password=b"")
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or error
        raise TlsInvalid(f"the certificate {certificate} and its key {key} cannot be used: {reason}") from None


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
