"""Applications on the wire, as in the Application API v2, with the `meetings` capability only."""

from enum import StrEnum
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictBool, StrictStr, StringConstraints

from moothall.api.cors import ORIGIN_PATTERN, parse_origin
from moothall.api.fields import ShownName, StrictBody, Text, Uuid, WebAddress, choice_of, shown_within
from moothall.api.paging import Link
from moothall.applications.domains import DOMAIN_PATTERN, parse_domain
from moothall.applications.model import MAX_DOMAINS, MAX_NAME_LENGTH, MAX_ORIGINS, Application, Webhooks
from moothall.kit.origins import MAX_ORIGIN_LENGTH

_MAX_PEM_LENGTH = 8192


class HttpMethod(StrEnum):
    POST = "post"


class WebhookBody(StrictBody):
    address: WebAddress
    http_method: Annotated[HttpMethod, choice_of(HttpMethod, required=True)] = Field(
        HttpMethod.POST, description="`POST`, in upper or lower case.", json_schema_extra={"enum": ["POST", "post"]}
    )


class WebhooksBody(StrictBody):
    room_changed: WebhookBody | None = Field(None, description="Gets `room:…` events.")
    session_changed: WebhookBody | None = Field(None, description="Gets `session:…` events.")
    recording_changed: WebhookBody | None = Field(None, description="Gets `recording:…` events.")


Origin = Annotated[
    StrictStr,
    StringConstraints(max_length=MAX_ORIGIN_LENGTH),
    AfterValidator(parse_origin),
    Field(json_schema_extra={"pattern": ORIGIN_PATTERN}),
]


Domain = Annotated[
    StrictStr,
    StringConstraints(max_length=MAX_ORIGIN_LENGTH),
    AfterValidator(parse_domain),
    Field(json_schema_extra={"pattern": DOMAIN_PATTERN}),
]


class EmbeddingBody(StrictBody):
    allowed_domains: Annotated[list[Domain], Field(max_length=MAX_DOMAINS)] | None = Field(
        None,
        description="Domains whose pages may show the application's rooms in a frame. `https://*.app.example` stands for every "
        "subdomain, and not for `https://app.example`.",
        examples=[["https://app.example", "https://*.app.example"]],
    )


class MeetingsBody(StrictBody):
    webhooks: WebhooksBody | None = None
    embedding: EmbeddingBody | None = Field(None, description="**Addition to the original.**")
    allowed_origins: Annotated[list[Origin], Field(max_length=MAX_ORIGINS)] | None = Field(
        None,
        description="**Addition to the original.** Origins whose pages may read the application's answers in a browser (CORS).",
        examples=[["https://app.example"]],
    )


class CapabilitiesBody(StrictBody):
    meetings: MeetingsBody | None = None


class KeysBody(StrictBody):
    public_key: (
        Annotated[
            StrictStr,
            StringConstraints(max_length=_MAX_PEM_LENGTH),
            Field(json_schema_extra={"format": "rsa-public-key"}),
        ]
        | None
    ) = Field(None, description="RSA, 2048 bits or more, in PEM.")
    private_key: Annotated[Text, StringConstraints(max_length=_MAX_PEM_LENGTH)] | None = Field(
        None, description="Ignored; accepted from clients that send back an object they received."
    )


class PrivacyBody(StrictBody):
    improve_ai: StrictBool | None = Field(None, description="Ignored: this server shares no data.")


class CreateApplication(StrictBody):
    name: Annotated[ShownName, StringConstraints(max_length=MAX_NAME_LENGTH), shown_within(MAX_NAME_LENGTH)] = Field(
        examples=["My meetings"]
    )
    capabilities: CapabilitiesBody | None = None
    keys: KeysBody | None = None
    privacy: PrivacyBody | None = None

    def public_key(self) -> str | None:
        return None if self.keys is None else self.keys.public_key

    def allowed_origins(self) -> list[str] | None:
        """Return the origins, or None when the body has none."""
        meetings = None if self.capabilities is None else self.capabilities.meetings
        return None if meetings is None else meetings.allowed_origins

    def allowed_domains(self) -> list[str] | None:
        """Return the domains, or None when the body has none."""
        meetings = None if self.capabilities is None else self.capabilities.meetings
        embedding = None if meetings is None else meetings.embedding
        return None if embedding is None else embedding.allowed_domains

    def webhooks(self) -> Webhooks:
        meetings = None if self.capabilities is None else self.capabilities.meetings
        body = None if meetings is None else meetings.webhooks
        if body is None:
            return Webhooks()
        room, session, recording = (
            None if webhook is None else webhook.address
            for webhook in (body.room_changed, body.session_changed, body.recording_changed)
        )
        return Webhooks(room, session, recording)


class UpdateApplication(CreateApplication):
    """The complete new state of an existing application."""

    id: Uuid | None = Field(None, description="If given, the same as in the address.")


def render_application(application: Application, *, base_url: str, private_key: str | None = None) -> dict[str, Any]:
    addresses = {
        "room_changed": application.webhooks.rooms_url,
        "session_changed": application.webhooks.sessions_url,
        "recording_changed": application.webhooks.recordings_url,
    }
    webhooks = {
        name: {"address": address, "http_method": "POST"} for name, address in addresses.items() if address is not None
    }
    origins = {"allowed_origins": application.allowed_origins} if application.allowed_origins else {}
    embedding = {"embedding": {"allowed_domains": application.allowed_domains}} if application.allowed_domains else {}
    additions = {**origins, **embedding}
    keys = {"public_key": application.public_key}
    return {
        "id": application.application_id,
        "name": application.name,
        "capabilities": {"meetings": {"webhooks": webhooks, **additions}} if webhooks or additions else {},
        "keys": keys if private_key is None else {**keys, "private_key": private_key},
        "privacy": {"improve_ai": False},
        "_links": {"self": {"href": f"{base_url}/v2/applications/{application.application_id}"}},
    }


# Responses. Endpoints build these as plain dictionaries; the classes describe them.


class Webhook(BaseModel):
    address: str
    http_method: str = Field(examples=["POST"])


class MeetingsWebhooks(BaseModel):
    room_changed: Webhook | None = Field(None, description="Absent when there is none.")
    session_changed: Webhook | None = Field(None, description="Absent when there is none.")
    recording_changed: Webhook | None = Field(None, description="Absent when there is none.")


class Embedding(BaseModel):
    allowed_domains: list[str]


class MeetingsCapability(BaseModel):
    webhooks: MeetingsWebhooks
    embedding: Embedding | None = Field(
        None, description="**Addition to the original.** Absent when there are no domains."
    )
    allowed_origins: list[str] | None = Field(
        None, description="**Addition to the original.** Absent when there are none."
    )


class Capabilities(BaseModel):
    meetings: MeetingsCapability | None = Field(
        None, description="Absent when there are neither webhooks nor origins nor domains."
    )


class Keys(BaseModel):
    public_key: str


class NewKeys(Keys):
    private_key: str | None = Field(
        None, description="Present when the server generated it: shown once and never stored."
    )


class Privacy(BaseModel):
    improve_ai: bool


class ApplicationLinks(BaseModel):
    self: Link


class ApplicationShape(BaseModel):
    model_config = ConfigDict(title="Application")

    id: str = Field(json_schema_extra={"format": "uuid"})
    name: str
    capabilities: Capabilities
    keys: Keys
    privacy: Privacy
    links: ApplicationLinks = Field(alias="_links")


class NewApplication(ApplicationShape):
    model_config = ConfigDict(title="NewApplication")

    keys: NewKeys


class ApplicationList(BaseModel):
    applications: list[ApplicationShape]


class ApplicationPageLinks(BaseModel):
    first: Link
    self: Link
    last: Link
    prev: Link | None = Field(None, description="Absent on the first page.")
    next: Link | None = Field(None, description="Absent on the last page.")


class ApplicationPage(BaseModel):
    page_size: int
    page: int
    total_items: int
    total_pages: int
    embedded: ApplicationList = Field(alias="_embedded")
    links: ApplicationPageLinks = Field(alias="_links")
