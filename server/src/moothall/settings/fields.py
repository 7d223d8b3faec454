"""Every setting, defined once: name, type, range, default and description."""

import ipaddress
import json
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from moothall.kit.origins import ascii_host, normal_origin
from moothall.settings import values
from moothall.settings.prices import PriceTable, check_together

PREFIX = "MOOTHALL_"
_MAX_TURN_URLS = 8
_MIN_TURN_SECRET_LENGTH = 16
_MIN_SECRET_LENGTH = 32
_MAX_DIAL_IN_NUMBERS = 500
_MAX_PRICE_TABLES = 1000
_MAX_HOSTS = 8
_MAX_NETWORKS = 256

# Settings that are not options of commands: secrets, which other users of the machine could read in
# the list of processes, and lists of tables.
_NO_FLAG: dict[str, Any] = {"flag": False}


class DialInNumber(BaseModel):
    """A phone number that leads into meetings."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    number: str = Field(pattern=r"^[+0-9][0-9 ()./-]{1,31}$")
    locale: str = Field(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$")
    display_name: str = Field(min_length=1, max_length=200)


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", frozen=True, env_ignore_empty=True)

    # Values of the TOML file and of the files that MOOTHALL_*_FILE variables name; set by
    # load_settings, because pydantic chooses its sources per class.
    _values_of_files: ClassVar[tuple[dict[str, Any], ...]] = ()

    host: str = Field(
        "127.0.0.1",
        description="Addresses the HTTP server listens on, comma-separated: 0.0.0.0 for every IPv4 address, "
        "'::' for every address, IPv4 and IPv6.",
    )
    port: int = Field(8080, ge=0, le=values.MAX_PORT, description="TCP port of the HTTP server; 0 picks a free one.")
    public_url: str | None = Field(
        None,
        description="Address under which people reach this server, such as https://meet.example.org. "
        "By default links start with the scheme and host of the request.",
    )
    trusted_proxies: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        max_length=_MAX_NETWORKS,
        description="Addresses or networks of the reverse proxies whose X-Forwarded-For, X-Forwarded-Proto, "
        "X-Forwarded-Host and Forwarded headers are trusted, comma-separated.",
    )
    tls_cert: Path | None = Field(
        None, description="PEM file with the certificate chain for HTTPS. Read again when it changes, and on SIGHUP."
    )
    tls_key: Path | None = Field(
        None, description="PEM file with the private key of the certificate, without a passphrase."
    )
    shutdown_seconds: int = Field(
        10, ge=0, le=300, description="Seconds that a stopping server waits for requests in progress."
    )

    data_dir: Path = Field(Path("data"), description="Directory for the server's data: database, keys and files.")
    database_url: SecretStr | None = Field(
        None,
        description="sqlite:///path or postgresql://user:password@host/name. "
        "By default an SQLite database in the data directory.",
    )
    standby: bool = Field(
        default=False,
        description="Wait while another server uses the same data directory or database, instead of refusing to start.",
    )

    advertise_ip: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="IP addresses to which clients send media, comma-separated. By default this machine's own addresses.",
    )
    stun_server: str | None = Field(
        None,
        description="STUN server (host:port) that reports the public address at the start, for servers behind a "
        "router. By default no STUN server is asked.",
    )
    udp_ports: Annotated[tuple[int, ...], NoDecode] = Field(
        (7882,), description="UDP ports for media: one, a list (7882,7883) or a range (7882-7885)."
    )
    tcp_port: int | None = Field(
        7881,
        ge=0,
        le=values.MAX_PORT,
        description="TCP port for media, used by clients whose network blocks UDP; 'off' for none.",
    )
    turn_urls: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        max_length=_MAX_TURN_URLS,
        description="turn: and turns: URLs of a TURN server, comma-separated. Needs turn_secret.",
    )
    turn_secret: SecretStr | None = Field(
        None,
        description="Secret shared with the TURN server (static-auth-secret of coturn).",
        json_schema_extra=_NO_FLAG,
    )
    turn_seconds: int = Field(
        86_400, ge=600, le=604_800, description="Lifetime of the TURN credentials of a participant, in seconds."
    )
    voices: int = Field(3, ge=1, le=100, description="Number of voices forwarded once a room is large (loudest first).")
    voices_from: int = Field(
        16, ge=2, le=10_000, description="Number of microphones from which a room counts as large."
    )
    cameras: int = Field(
        25,
        ge=0,
        le=10_000,
        description="Number of cameras forwarded at the same time in one room; screen shares do not count.",
    )

    callback_networks: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        max_length=_MAX_NETWORKS,
        description="Private networks, addresses and hosts to which callbacks may be sent, comma-separated, such as "
        "10.0.0.0/8,hooks.internal,*.corp.example. By default none. Metadata services of clouds are reached only "
        "when their own address is listed.",
    )
    allow_loopback_callbacks: bool = Field(
        default=False, description="For development: allow callbacks to this machine (127.0.0.1, ::1, localhost)."
    )
    allow_loopback_embedding: bool = Field(
        default=False,
        description="For development: let pages of this machine (http://localhost and http://127.0.0.1, any port) embed every "
        "room, and serve a page to try the commands at /embed/demo.",
    )
    callback_retention_days: int = Field(
        30, ge=7, le=3650, description="Days for which events and the log of their delivery are kept."
    )
    livekit_webhook_urls: Annotated[tuple[str, ...], NoDecode] = Field(
        (), max_length=8, description="URLs that receive LiveKit's webhooks of all rooms, comma-separated."
    )

    api_rate: float = Field(
        50, ge=0, le=1_000_000, description="API requests per second allowed to an application on average; 0: no limit."
    )
    api_burst: int = Field(
        1000, ge=1, le=1_000_000, description="API requests an application may send at once, above the average rate."
    )
    api_costly_rate: float = Field(
        10,
        ge=0,
        le=1_000_000,
        description="Lists and deletions per second allowed to an application on average; 0: no limit.",
    )
    api_costly_burst: int = Field(
        200,
        ge=1,
        le=1_000_000,
        description="Lists and deletions an application may send at once, above the average rate.",
    )

    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Least severe level that is logged: debug, info, warning or error."
    )
    log_format: Literal["auto", "console", "json"] = Field(
        "auto", description="json: one JSON object per line; console: coloured text; auto: console on a terminal."
    )

    dial_in_numbers: Annotated[tuple[DialInNumber, ...], NoDecode] = Field(
        (),
        max_length=_MAX_DIAL_IN_NUMBERS,
        description="Phone numbers to show: [[dial_in_numbers]] tables with number, locale and display_name; "
        "in the environment variable, a JSON list.",
        json_schema_extra=_NO_FLAG,
    )

    price_tables: Annotated[tuple[PriceTable, ...], NoDecode] = Field(
        (),
        max_length=_MAX_PRICE_TABLES,
        description="Prices: [[price_tables]] tables with currency (such as EUR), decimals of its smallest amount (2), "
        "valid_from (a date; without it always valid), account_id (without it for all accounts), and participant_minutes "
        "and recording_minutes, lists of tiers with up_to (minutes of the month; the last tier has none) and price (per "
        "minute). In the environment variable, a JSON list. By default the original's prices. See docs/usage.md.",
        json_schema_extra=_NO_FLAG,
    )

    host_token_secret: SecretStr | None = Field(
        None,
        description="Signs host links. By default generated on the first start and kept in the data directory.",
        json_schema_extra=_NO_FLAG,
    )
    control_token_secret: SecretStr | None = Field(
        None,
        description="Signs the meeting page's tokens, upload forms and links to recordings. "
        "By default generated on the first start and kept in the data directory.",
        json_schema_extra=_NO_FLAG,
    )
    livekit_api_secret: SecretStr | None = Field(
        None,
        description="Signs LiveKit access tokens. By default generated on the first start and kept in the data directory.",
        json_schema_extra=_NO_FLAG,
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the library passes it by name
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the library passes it by name
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        files = [InitSettingsSource(settings_cls, found) for found in cls._values_of_files]
        return (init_settings, env_settings, *files)

    @field_validator(
        "advertise_ip", "trusted_proxies", "callback_networks", "livekit_webhook_urls", "turn_urls", mode="before"
    )
    @classmethod
    def _split(cls, value: Any) -> Any:
        return values.comma_separated(value)

    @field_validator("host")
    @classmethod
    def _hosts(cls, value: str) -> str:
        hosts = values.comma_separated(value)
        if not 1 <= len(hosts) <= _MAX_HOSTS:
            raise ValueError(f"between 1 and {_MAX_HOSTS} addresses")
        return ",".join(ascii_host(host) for host in hosts)

    @field_validator("livekit_webhook_urls")
    @classmethod
    def _web_addresses(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for url in value:
            try:
                parts = urlsplit(url)
                usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
                ascii_host(parts.hostname or "")
            except ValueError:
                usable = False
            if not usable:
                raise ValueError("http:// or https:// addresses are needed")
            if "@" in parts.netloc:
                raise ValueError("a user name or password in an address would not be sent: leave it out")
        return value

    @field_validator("advertise_ip")
    @classmethod
    def _addresses_parse(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(str(ipaddress.ip_address(item)) for item in value if item != "auto")

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        everywhere = ("0.0.0.0/0", "::/0")
        return everywhere if "*" in value else tuple(map(values.network, value))

    @field_validator("callback_networks")
    @classmethod
    def _networks_and_hosts(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(map(values.network_or_host, value))

    @field_validator("udp_ports", mode="before")
    @classmethod
    def _expand_ports(cls, value: Any) -> Any:
        return values.ports(value)

    @field_validator("udp_ports")
    @classmethod
    def _ports_in_range(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if not 1 <= len(value) <= values.MAX_UDP_PORTS:
            raise ValueError(f"between 1 and {values.MAX_UDP_PORTS} ports")
        if any(not 0 <= port <= values.MAX_PORT for port in value):
            raise ValueError(f"a port is a number from 0 to {values.MAX_PORT}")
        return value

    @field_validator("turn_urls")
    @classmethod
    def _turn_urls_parse(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(map(values.turn_url, value))

    @field_validator("stun_server")
    @classmethod
    def _host_and_port(cls, value: str | None) -> str | None:
        return None if value is None else values.host_and_port(value)

    @field_validator("tcp_port", mode="before")
    @classmethod
    def _off_is_none(cls, value: Any) -> Any:
        return None if value == "off" else value

    @field_validator("price_tables")
    @classmethod
    def _tables_fit_together(cls, value: tuple[PriceTable, ...]) -> tuple[PriceTable, ...]:
        check_together(value)
        return value

    @field_validator("dial_in_numbers", "price_tables", mode="before")
    @classmethod
    def _parse_tables(cls, value: Any) -> Any:
        return json.loads(value) if isinstance(value, str) else value

    @field_validator("public_url")
    @classmethod
    def _only_an_origin(cls, value: str | None) -> str | None:
        return None if value is None else normal_origin(value)

    @field_validator("host_token_secret", "control_token_secret", "livekit_api_secret")
    @classmethod
    def _long_enough(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and len(value.get_secret_value()) < _MIN_SECRET_LENGTH:
            raise ValueError(f"at least {_MIN_SECRET_LENGTH} characters are needed")
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
            raise ValueError(f"turn_secret: at least {_MIN_TURN_SECRET_LENGTH} characters are needed")
        return self

    @property
    def hosts(self) -> tuple[str, ...]:
        """The addresses and names to listen on."""
        return tuple(self.host.split(","))

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
        host = self.hosts[0]
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            pass
        else:
            # Browsers trust localhost with cameras, even without TLS.
            host = "localhost" if address.is_unspecified or address.is_loopback else host
        return f"{scheme}://{f'[{host}]' if ':' in host else host}:{self.port}"
