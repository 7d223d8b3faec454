"""Themes on the wire: models of requests, and of responses for the reference."""

import re
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    RootModel,
    StrictStr,
    StringConstraints,
    model_validator,
)

from moothall.api.fields import Line, ShownName, SomeChanges, StrictBody, Uuid, accept_update_options, shown_within
from moothall.themes.model import (
    COLOR_PATTERN,
    MAX_BRAND_TEXT,
    MAX_SHORT_COMPANY_URL,
    MAX_THEME_NAME,
    SHORT_COMPANY_URL_PATTERN,
    LogoType,
)
from moothall.themes.upload_form import UploadGrant, upload_key

_THEME_ID = "ef2b46f3-8ebb-437e-a671-272e4990fbc8"
_MAX_KEYS = 10
_MAX_KEY_LENGTH = 512


def _matching(pattern: str) -> Any:
    """Return a type for strings that match completely; pydantic's patterns have no lookahead."""
    compiled = re.compile(pattern.removeprefix("^").removesuffix("$"), re.ASCII)

    def check(value: str) -> str:
        if not compiled.fullmatch(value):
            raise ValueError(f"fails to match the required pattern: /{pattern}/")
        return value

    return AfterValidator(check)


def _key_of_object(value: Any) -> Any:
    """A key as ``{key: …}``, which some clients send."""
    return value["key"] if isinstance(value, dict) and set(value) == {"key"} else value


ThemeName = Annotated[ShownName, StringConstraints(max_length=MAX_THEME_NAME), shown_within(MAX_THEME_NAME)]
BrandText = Annotated[ShownName, StringConstraints(max_length=MAX_BRAND_TEXT), shown_within(MAX_BRAND_TEXT)]
Color = Annotated[StrictStr, _matching(COLOR_PATTERN), Field(json_schema_extra={"pattern": COLOR_PATTERN})]
ShortCompanyUrl = Annotated[
    StrictStr,
    StringConstraints(max_length=MAX_SHORT_COMPANY_URL),
    _matching(SHORT_COMPANY_URL_PATTERN),
    Field(json_schema_extra={"pattern": SHORT_COMPANY_URL_PATTERN}),
]

_Key = Annotated[Line, StringConstraints(max_length=_MAX_KEY_LENGTH)]


class LogoKeyObject(BaseModel):
    """The object that some clients send instead of the key."""

    model_config = ConfigDict(extra="forbid")

    key: _Key


LogoKey = Annotated[_Key, BeforeValidator(_key_of_object, json_schema_input_type=_Key | LogoKeyObject)]

_NAME = Field(description="Unique in the application; a UUID when it is null.", examples=["Acme"])
_COLOR = Field(description="`#rgb` or `#rrggbb`.", examples=["#12f64e"])
_TEXT = Field(description="Shown in place of a missing logo.", examples=["Acme Inc."])
_SHORT_URL = Field(description="Part of the links of rooms; unique on the server.", examples=["acme"])


class CreateTheme(StrictBody):
    main_color: Annotated[Color, _COLOR]
    brand_text: Annotated[BrandText, _TEXT]
    theme_name: Annotated[ThemeName | None, _NAME] = None
    short_company_url: Annotated[ShortCompanyUrl | None, _SHORT_URL] = None


class ThemeChanges(SomeChanges):
    # The defaults stand for "not given"; null is refused where a theme must have a value.
    main_color: Annotated[Color, _COLOR] = ""
    brand_text: Annotated[BrandText, _TEXT] = ""
    theme_name: Annotated[ThemeName | None, _NAME] = None
    short_company_url: Annotated[ShortCompanyUrl | None, _SHORT_URL] = None


class UpdateTheme(StrictBody):
    update_details: ThemeChanges

    _accept_synonym = model_validator(mode="before")(accept_update_options)


class FinalizeLogos(StrictBody):
    keys: list[LogoKey] = Field(
        min_length=1, max_length=_MAX_KEYS, description="The keys of the upload forms: strings, or `{key}` objects."
    )


class DefaultsChanges(StrictBody):
    default_theme_id: Uuid | None = Field(description="Null removes the default theme.")


class UpdateDefaults(StrictBody):
    update_details: DefaultsChanges

    @model_validator(mode="before")
    @classmethod
    def _accept_without_wrapper(cls, value: Any) -> Any:
        accepted = accept_update_options(value)
        is_bare = isinstance(accepted, dict) and "update_details" not in accepted
        return {"update_details": accepted} if is_bare else accepted


class UpdateDefaultsBody(RootModel[UpdateDefaults | DefaultsChanges]):
    """``UpdateDefaults`` as in the reference, with and without the wrapper."""


# Responses. Endpoints build these as plain dictionaries; the classes describe them.


class Theme(BaseModel):
    theme_id: str = Field(examples=[_THEME_ID], json_schema_extra={"format": "uuid"})
    theme_name: str = Field(examples=["Acme"])
    domain: str = Field(examples=["VCP"])
    account_id: str
    application_id: str
    main_color: str = Field(examples=["#12f64e"])
    short_company_url: str | None = Field(examples=["acme"])
    brand_text: str = Field(examples=["Acme Inc."])
    brand_image_colored: str | None = Field(description="Storage key of the logo for light backgrounds.")
    brand_image_white: str | None = Field(description="Storage key of the logo for dark backgrounds.")
    branded_favicon: str | None = Field(description="Storage key of the icon.")
    brand_image_colored_url: str | None
    brand_image_white_url: str | None
    branded_favicon_url: str | None


class Background(BaseModel):
    background_id: str = Field(json_schema_extra={"format": "uuid"})
    url: str = Field(examples=["https://meet.example/files/backgrounds/ef2b46f3-8ebb-437e-a671-272e4990fbc8.jpg"])
    added_at: str = Field(json_schema_extra={"format": "date-time"})


class LogoUploadForm(BaseModel):
    """POST all fields, then `file`, as multipart/form-data to `url`; 204 means success."""

    url: str = Field(examples=["https://meet.example/files/logo-uploads"])
    fields: dict[str, str] = Field(
        examples=[{"key": upload_key(UploadGrant("", LogoType.WHITE, _THEME_ID)), "logoType": "white"}]
    )


class ApplicationDefaults(BaseModel):
    application_id: str
    account_id: str
    default_theme_id: str | None
