"""JSON parsing of the .NET SDK's models (7.x, namespace Vonage.Meetings): facts, not its code.

Its models are structs: a key may be absent, but a date, GUID, number, truth value, choice or struct
must not be null.
"""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

Reader = Callable[[Any], object]


def text(value: Any) -> object:
    return value is None or isinstance(value, str) or fail(value)


def uri(value: Any) -> object:
    return value is None or (isinstance(value, str) and urlsplit(value)) or fail(value)


def guid(value: Any) -> object:
    return UUID(value)


def date(value: Any) -> object:
    return datetime.fromisoformat(value)


def number(value: Any) -> object:
    return (isinstance(value, int) and not isinstance(value, bool)) or fail(value)


def truth(value: Any) -> object:
    return isinstance(value, bool) or fail(value)


def color(value: Any) -> object:
    return re.fullmatch("#([0-9a-fA-F]{3}){1,2}", value) or fail(value)


def choice(*choices: str) -> Reader:
    return lambda value: value in choices or fail(value)


def struct(**fields: Reader) -> Reader:
    def read(value: Any) -> object:
        assert isinstance(value, dict), value
        for name, content in value.items():
            if name in fields:
                fields[name](content)
        return True

    return read


def array(item: Reader) -> Reader:
    def read(value: Any) -> object:
        assert isinstance(value, list), value
        return [item(content) for content in value]

    return read


def fail(value: Any) -> object:
    raise AssertionError(f"the model cannot hold {value!r}")


LINK = struct(href=uri)
ROOM = struct(
    available_features=struct(
        is_captions_available=truth,
        is_chat_available=truth,
        is_locale_switcher_available=truth,
        is_recording_available=truth,
        is_whiteboard_available=truth,
    ),
    callback_urls=struct(recordings_callback_url=text, rooms_callback_url=text, sessions_callback_url=text),
    created_at=date,
    display_name=text,
    expires_at=date,
    id=guid,
    initial_join_options=struct(microphone_state=choice("on", "off", "default")),
    is_available=truth,
    join_approval_level=choice("none", "after_owner_only", "explicit_approval"),
    _links=struct(guest_url=LINK, host_url=LINK),
    meeting_code=text,
    metadata=text,
    theme_id=text,
    type=choice("instant", "long_term"),
)
ROOMS = struct(
    _links=struct(first=LINK, self=LINK, prev=LINK, next=LINK),
    page_size=number,
    total_items=number,
    _embedded=array(ROOM),
)
THEME = struct(
    account_id=text,
    application_id=guid,
    branded_favicon=text,
    branded_favicon_url=uri,
    brand_image_colored=text,
    brand_image_colored_url=uri,
    brand_image_white=text,
    brand_image_white_url=uri,
    brand_text=text,
    domain=choice("VCP", "VBC"),
    main_color=color,
    short_company_url=uri,
    theme_id=guid,
    theme_name=text,
)
THEMES = array(THEME)
APPLICATION = struct(account_id=text, application_id=guid, default_theme_id=guid)
RECORDING = struct(
    ended_at=date,
    id=guid,
    _links=struct(url=LINK),
    session_id=text,
    started_at=date,
    status=choice("started", "stopped", "paused", "uploaded"),
)
RECORDINGS = struct(_embedded=struct(recordings=array(RECORDING)))
NUMBERS = array(struct(display_name=text, locale=text, number=text))
UPLOADS = array(
    struct(
        url=uri,
        fields=struct(
            **dict.fromkeys(("Content-Type", "key", "bucket", "Policy", "X-Amz-Algorithm", "X-Amz-Credential"), text),
            logoType=choice("white", "colored", "favicon"),
        ),
    )
)
