"""One frozen settings object, read once at start and passed on as values.

Every setting is a ``MOOTHALL_*`` variable and a key of a TOML file (``MOOTHALL_CONFIG`` or ``--config``), and every one but the secrets
and the lists of tables a flag of ``moothall serve``. The flag wins over the variable, the variable over ``MOOTHALL_*_FILE`` (whose file
holds the value), that over the TOML file, that over the default. Unknown keys of the TOML file are errors.
"""

import contextlib
import ipaddress
import json
import os
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from moothall.kit.ids import new_secret

_PREFIX = "MOOTHALL_"
_MAX_SECRET_FILE = 64 * 1024
_MAX_PORT = 65535
_MAX_UDP_PORTS = 64
_STUN_PORT = 3478
_MAX_TURN_URLS = 8
_MIN_TURN_SECRET_LENGTH = 16
# RFC 7065, without what browsers do not take.
_TURN_URL = re.compile(r"turns?:([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?(\?transport=(udp|tcp))?")
_MIN_SECRET_LENGTH = 32
_MAX_DIAL_IN_NUMBERS = 500


class SettingsInvalid(Exception):
    """The configuration cannot be used; the message names the settings and says why."""


class DialInNumber(BaseModel):
    """A phone number that leads into meetings."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    number: str = Field(pattern=r"^[+0-9][0-9 ()./-]{1,31}$")
    locale: str = Field(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$")
    display_name: str = Field(min_length=1, max_length=200)


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix=_PREFIX, extra="forbid", frozen=True, env_ignore_empty=True)

    # Set by load_settings around construction, because sources are chosen per class.
    _config_file: ClassVar[Path | None] = None

    host: str = Field("127.0.0.1", description="Address the HTTP server listens on; 0.0.0.0 for every interface.")
    port: int = Field(8080, ge=0, le=_MAX_PORT, description="TCP port of the HTTP server.")
    data_dir: Path = Field(Path("data"), description="The one directory that holds everything the server keeps.")
    public_url: str | None = Field(
        None, description="Origin people reach this server under, like https://meet.example."
    )
    advertise_ip: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Addresses (IPv4, IPv6) clients send media to, comma-separated; 'auto' for this machine's own."
    )
    stun_server: str | None = Field(
        None,
        description="host:port to ask at the start for the public address, told beside this machine's own; default: nobody.",
    )
    udp_ports: Annotated[tuple[int, ...], NoDecode] = Field(
        (7882,), description="UDP ports for media: one, a list (7882,7883) or a range (7882-7885)."
    )
    tcp_port: int | None = Field(
        7881, ge=0, le=_MAX_PORT, description="TCP port for media, for networks without UDP; 'off' for none."
    )
    turn_urls: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        max_length=_MAX_TURN_URLS,
        description="turn: and turns: addresses of a TURN server, comma-separated; default: none.",
    )
    turn_secret: SecretStr | None = Field(None, description="Secret shared with it (static-auth-secret of coturn).")
    turn_seconds: int = Field(
        86_400, ge=600, le=604_800, description="How long a participant may use the TURN server with what it was told."
    )
    voices: int = Field(3, ge=1, le=100, description="Of a room with many microphones, so many voices are forwarded.")
    voices_from: int = Field(16, ge=2, le=10_000, description="From so many microphones on a room has many.")
    cameras: int = Field(
        25, ge=0, le=10_000, description="Cameras forwarded at a time in one room; screen shares do not count."
    )
    tls_cert: Path | None = Field(None, description="Certificate chain (PEM) to serve HTTPS.")
    tls_key: Path | None = Field(None, description="Private key (PEM) of the certificate.")
    database_url: SecretStr | None = Field(
        None,
        description="sqlite:///path or postgresql://user:password@host/name; default: SQLite in the data directory.",
    )
    allow_loopback_callbacks: bool = Field(
        default=False, description="Development: allow callback URLs on this machine (127.0.0.1, localhost)."
    )
    trusted_proxies: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Addresses of proxies whose X-Forwarded-* headers are believed, comma-separated."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="How much is logged.")
    log_format: Literal["auto", "console", "json"] = Field(
        "auto", description="json for machines, console for people; auto: console on a terminal."
    )
    shutdown_seconds: int = Field(
        10, ge=0, le=300, description="How long a stopping server waits for requests under way."
    )

    livekit_webhook_urls: Annotated[tuple[str, ...], NoDecode] = Field(
        (), max_length=8, description="URLs that get LiveKit's webhooks of all rooms, comma-separated; default: none."
    )

    callback_retention_days: int = Field(
        30, ge=7, le=3650, description="How many days events and the log of their delivery are kept."
    )

    api_rate: float = Field(
        50, ge=0, le=1_000_000, description="API requests per second an application may make on average; 0: no limit."
    )
    api_burst: int = Field(1000, ge=1, le=1_000_000, description="API requests it may make at once.")
    api_costly_rate: float = Field(
        10, ge=0, le=1_000_000, description="Of these, lists and deletions per second on average; 0: no limit."
    )
    api_costly_burst: int = Field(200, ge=1, le=1_000_000, description="Lists and deletions at once.")

    dial_in_numbers: Annotated[tuple[DialInNumber, ...], NoDecode] = Field(
        (),
        max_length=_MAX_DIAL_IN_NUMBERS,
        description="Phone numbers to show: [[dial_in_numbers]] tables with number, locale, display_name; JSON in a variable.",
    )

    # Made on the first start and kept in the data directory unless they are given here.
    host_token_secret: SecretStr | None = Field(None, description="Signs the host links.")
    control_token_secret: SecretStr | None = Field(
        None, description="Signs what the meeting page may ask for, upload forms and links to recordings."
    )
    livekit_api_secret: SecretStr | None = Field(None, description="Signs the LiveKit access tokens.")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the library passes it by name
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the library passes it by name
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        sources: list[PydanticBaseSettingsSource] = [
            init_settings,
            env_settings,
            InitSettingsSource(settings_cls, _values_from_files(settings_cls, os.environ)),
        ]
        if cls._config_file is not None:
            sources.append(TomlConfigSettingsSource(settings_cls, cls._config_file))
        return tuple(sources)

    @field_validator("livekit_webhook_urls", mode="before")
    @classmethod
    def _split_urls(cls, value: Any) -> Any:
        return tuple(url.strip() for url in value.split(",") if url.strip()) if isinstance(value, str) else value

    @field_validator("livekit_webhook_urls")
    @classmethod
    def _web_addresses(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for url in value:
            parts = urlsplit(url)
            if parts.scheme not in ("http", "https") or not parts.hostname:
                raise ValueError("http:// or https:// addresses are needed")
        return value

    @field_validator("advertise_ip", "trusted_proxies", mode="before")
    @classmethod
    def _split_addresses(cls, value: Any) -> Any:
        items = value.split(",") if isinstance(value, str) else value
        if not isinstance(items, list | tuple):
            return items
        stripped = [item.strip() if isinstance(item, str) else item for item in items]
        return tuple(item for item in stripped if item not in ("", "auto"))

    @field_validator("advertise_ip")
    @classmethod
    def _addresses_parse(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(str(ipaddress.ip_address(item)) for item in value)

    @field_validator("udp_ports", mode="before")
    @classmethod
    def _expand_ports(cls, value: Any) -> Any:
        if isinstance(value, int):
            return (value,)
        if isinstance(value, str):
            return tuple(port for part in value.split(",") for port in _port_range(part.strip()))
        return value

    @field_validator("udp_ports")
    @classmethod
    def _ports_in_range(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if not 1 <= len(value) <= _MAX_UDP_PORTS:
            raise ValueError(f"between 1 and {_MAX_UDP_PORTS} ports")
        if any(not 0 <= port <= _MAX_PORT for port in value):
            raise ValueError(f"a port is a number from 0 to {_MAX_PORT}")
        return value

    @field_validator("turn_urls", mode="before")
    @classmethod
    def _split_turn_urls(cls, value: Any) -> Any:
        return tuple(item.strip() for item in value.split(",") if item.strip()) if isinstance(value, str) else value

    @field_validator("turn_urls")
    @classmethod
    def _turn_urls_parse(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if any(not _TURN_URL.fullmatch(url) for url in value):
            raise ValueError("like turn:turn.example:3478 or turns:turn.example:5349?transport=tcp")
        return value

    @field_validator("stun_server")
    @classmethod
    def _host_and_port(cls, value: str | None) -> str | None:
        if value is None:
            return None
        parts = urlsplit(f"//{value}")
        if not parts.hostname or parts.netloc != value or parts.username:
            raise ValueError("a host, or host:port")
        return value if parts.port else f"{value}:{_STUN_PORT}"

    @field_validator("tcp_port", mode="before")
    @classmethod
    def _off_is_none(cls, value: Any) -> Any:
        return None if value == "off" else value

    @field_validator("dial_in_numbers", mode="before")
    @classmethod
    def _parse_numbers(cls, value: Any) -> Any:
        return json.loads(value) if isinstance(value, str) else value

    @field_validator("public_url")
    @classmethod
    def _only_an_origin(cls, value: str | None) -> str | None:
        if value is None:
            return None
        parts = urlsplit(value.rstrip("/"))
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("an http:// or https:// address is needed")
        if parts.path or parts.query or parts.fragment or parts.username:
            raise ValueError("only scheme, host and port: the server owns the whole origin")
        return f"{parts.scheme}://{parts.netloc}"

    @field_validator("host_token_secret", "control_token_secret", "livekit_api_secret")
    @classmethod
    def _long_enough(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and len(value.get_secret_value()) < _MIN_SECRET_LENGTH:
            raise ValueError(f"at least {_MIN_SECRET_LENGTH} characters")
        return value

    @model_validator(mode="after")
    def _certificate_with_key(self) -> "Settings":
        if (self.tls_cert is None) != (self.tls_key is None):
            raise ValueError("tls_cert and tls_key come together")
        return self

    @model_validator(mode="after")
    def _relay_with_secret(self) -> "Settings":
        if bool(self.turn_urls) != (self.turn_secret is not None):
            raise ValueError("turn_urls and turn_secret come together")
        if self.turn_secret is not None and len(self.turn_secret.get_secret_value()) < _MIN_TURN_SECRET_LENGTH:
            raise ValueError(f"turn_secret: at least {_MIN_TURN_SECRET_LENGTH} characters")
        return self

    @property
    def database(self) -> str:
        """The database URL; by default a SQLite file in the data directory."""
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        return f"sqlite:///{self.data_dir / 'moothall.db'}"

    @property
    def origin(self) -> str:
        """The address to put into links when no request tells a better one."""
        if self.public_url is not None:
            return self.public_url
        scheme = "http" if self.tls_cert is None else "https"
        try:
            address = ipaddress.ip_address(self.host)
        except ValueError:
            host = self.host
        else:
            # Browsers trust localhost with cameras, even without TLS.
            host = "localhost" if address.is_unspecified or address.is_loopback else self.host
        return f"{scheme}://{f'[{host}]' if ':' in host else host}:{self.port}"


def load_settings(config: Path | None = None, **flags: Any) -> Settings:
    """Read the settings. ``flags`` are the command line's; None means the flag was not given.

    Raises SettingsInvalid.
    """
    if config is None and (from_environment := os.environ.get(f"{_PREFIX}CONFIG")):
        config = Path(from_environment)
    if config is not None and not config.is_file():
        raise SettingsInvalid(f"the configuration file {config} does not exist")
    chosen: type[Settings] = type("Settings", (Settings,), {"_config_file": config, "__module__": __name__})
    try:
        return chosen(**{name: value for name, value in flags.items() if value is not None})
    except ValidationError as error:
        raise SettingsInvalid("\n".join(map(_explain, error.errors()))) from None
    except (OSError, ValueError) as error:
        raise SettingsInvalid(str(error)) from None


def _explain(error: Mapping[str, Any]) -> str:
    # Never the input: it may be a secret.
    name = ".".join(map(str, error["loc"])) or "settings"
    return f"{name}: {'unknown setting' if error['type'] == 'extra_forbidden' else error['msg']}"


def _values_from_files(settings_cls: type[BaseSettings], environment: Mapping[str, str]) -> dict[str, str]:
    """What the ``MOOTHALL_*_FILE`` variables point to."""
    values = {}
    for name in settings_cls.model_fields:
        if path := environment.get(f"{_PREFIX}{name.upper()}_FILE"):
            with Path(path).open(encoding="utf-8") as file:
                values[name] = file.read(_MAX_SECRET_FILE).strip()
    return values


def _port_range(text: str) -> range:
    first, dash, last = text.partition("-")
    if not first.isdecimal() or (dash and not last.isdecimal()):
        raise ValueError(f"'{text}' is neither a port nor a range of ports")
    ports = range(int(first), int(last if dash else first) + 1)
    if len(ports) > _MAX_UDP_PORTS:
        raise ValueError(f"at most {_MAX_UDP_PORTS} ports")
    return ports


@dataclass(frozen=True, slots=True)
class ServerSecrets:
    """What this server signs with. None of it ever leaves the process or its data directory."""

    host_token: str = field(repr=False)
    control_token: str = field(repr=False)
    livekit_api_secret: str = field(repr=False)
    livekit_api_key: str = "moothall"


def load_secrets(settings: Settings) -> ServerSecrets:
    """Read ``secrets.json`` of the data directory, making it (mode 0600) on the first start; settings win over the file.

    Two processes that start at once agree: the first one's file is kept. Raises SettingsInvalid for a damaged file, OSError when the data
    directory cannot be written.
    """
    path = settings.data_dir / "secrets.json"
    if not path.exists():
        settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        _write_once(path, json.dumps({name: new_secret() for name in _GENERATED}, indent=2))
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        kept = {name: str(stored[name]) for name in _GENERATED}
    except (ValueError, KeyError, TypeError):
        raise SettingsInvalid(
            f"{path} is damaged: restore it from a backup, or delete it to make new secrets"
        ) from None
    for name in _GENERATED:
        given: SecretStr | None = getattr(settings, name)
        if given is not None:
            kept[name] = given.get_secret_value()
    return ServerSecrets(
        host_token=kept["host_token_secret"],
        control_token=kept["control_token_secret"],
        livekit_api_secret=kept["livekit_api_secret"],
    )


_GENERATED = ("host_token_secret", "control_token_secret", "livekit_api_secret")


def _write_once(path: Path, text: str) -> None:
    """Put a whole 0600 file at ``path`` unless there is one already: a link either appears complete or not at all."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(temporary, path)
    finally:
        Path(temporary).unlink()
