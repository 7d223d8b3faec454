"""Themes on the wire: what requests may say, and the shape of responses for the reference."""

import re
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictStr,
    StringConstraints,
    model_validator,
)

from moothall.api.fields import Line, Uuid
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
    """A string that matches from end to end; the schema library's own patterns cannot look ahead."""
    compiled = re.compile(pattern.removeprefix("^").removesuffix("$"), re.ASCII)

    def check(value: str) -> str:
        if not compiled.fullmatch(value):
            raise ValueError(f"fails to match the required pattern: /{pattern}/")
        return value

    return AfterValidator(check)


def _key_of_object(value: Any) -> Any:
    """Some clients name a key as ``{key: …}``."""
    return value["key"] if isinstance(value, dict) and set(value) == {"key"} else value


ThemeName = Annotated[Line, StringConstraints(max_length=MAX_THEME_NAME)]
BrandText = Annotated[Line, StringConstraints(max_length=MAX_BRAND_TEXT)]
Color = Annotated[StrictStr, _matching(COLOR_PATTERN), Field(json_schema_extra={"pattern": COLOR_PATTERN})]
ShortCompanyUrl = Annotated[
    StrictStr,
    StringConstraints(max_length=MAX_SHORT_COMPANY_URL),
    _matching(SHORT_COMPANY_URL_PATTERN),
    Field(json_schema_extra={"pattern": SHORT_COMPANY_URL_PATTERN}),
]

_Key = Annotated[Line, StringConstraints(max_length=_MAX_KEY_LENGTH)]


class LogoKeyObject(BaseModel):
    """What some clients send in place of the key alone."""

    model_config = ConfigDict(extra="forbid")

    key: _Key


LogoKey = Annotated[_Key, BeforeValidator(_key_of_object, json_schema_input_type=_Key | LogoKeyObject)]

_NAME = Field(description="Unique in the application; a UUID when it is null.", examples=["Acme"])
_COLOR = Field(description="`#rgb` or `#rrggbb`.", examples=["#12f64e"])
_TEXT = Field(description="Shown where there is no logo.", examples=["Acme Inc."])
_SHORT_URL = Field(description="Becomes a part of the links of rooms; unique on the server.", examples=["acme"])


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")

    def given(self) -> dict[str, Any]:
        """The keys the client wrote."""
        return {name: getattr(self, name) for name in self.model_fields_set}


class CreateTheme(_Body):
    main_color: Annotated[Color, _COLOR]
    brand_text: Annotated[BrandText, _TEXT]
    theme_name: Annotated[ThemeName | None, _NAME] = None
    short_company_url: Annotated[ShortCompanyUrl | None, _SHORT_URL] = None


class ThemeChanges(_Body):
    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    # The defaults stand for "not given"; null is refused where a theme must have a value.
    main_color: Annotated[Color, _COLOR] = ""
    brand_text: Annotated[BrandText, _TEXT] = ""
    theme_name: Annotated[ThemeName | None, _NAME] = None
    short_company_url: Annotated[ShortCompanyUrl | None, _SHORT_URL] = None

    @model_validator(mode="after")
    def _something_given(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("must have at least 1 key")
        return self


class UpdateTheme(_Body):
    update_details: ThemeChanges

    @model_validator(mode="before")
    @classmethod
    def _accept_synonym(cls, value: Any) -> Any:
        if isinstance(value, dict) and "update_options" in value and "update_details" not in value:
            return {"update_details" if name == "update_options" else name: item for name, item in value.items()}
        return value


class FinalizeLogos(_Body):
    keys: list[LogoKey] = Field(
        min_length=1, max_length=_MAX_KEYS, description="The keys of the upload forms: strings, or `{key}` objects."
    )


class DefaultsChanges(_Body):
    default_theme_id: Uuid | None = Field(description="Null: rooms without a theme have none again.")


class UpdateDefaults(_Body):
    update_details: DefaultsChanges


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


class LogoUploadForm(BaseModel):
    """POST all fields and then `file` as multipart/form-data to `url`; 204 means that it is stored."""

    url: str = Field(examples=["https://meet.example/files/logo-uploads"])
    fields: dict[str, str] = Field(
        examples=[{"key": upload_key(UploadGrant("", LogoType.WHITE, _THEME_ID)), "logoType": "white"}]
    )


class ApplicationDefaults(BaseModel):
    application_id: str
    account_id: str
    default_theme_id: str | None
