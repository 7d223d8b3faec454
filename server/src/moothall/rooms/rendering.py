"""A room as the API shows it: null for unset values, but no key for a missing date."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from moothall.kit.clock import render_dates, render_timestamp
from moothall.rooms import links, model
from moothall.rooms.model import Room


@dataclass(frozen=True, slots=True)
class RoomRenderer:
    """Renders rooms for one request.

    ``base_url`` is the prefix of links; ``now`` decides whether a room is available.
    """

    base_url: str
    host_token_secret: str = field(repr=False)
    now: datetime

    def __call__(self, room: Room) -> dict[str, Any]:
        recording, callbacks, features = room.recording_options, room.callback_urls, room.available_features
        return {
            "id": room.id,
            "display_name": room.display_name,
            "metadata": room.metadata,
            "type": room.type,
            **render_dates(expires_at=model.shown_expiry(room)),
            "recording_options": {
                "auto_record": recording.auto_record,
                "record_only_owner": recording.record_only_owner,
            },
            "meeting_code": room.meeting_code,
            "is_available": not model.has_ended(room, self.now),
            "theme_id": room.theme_id,
            "created_at": render_timestamp(room.created_at),
            "expire_after_use": room.expire_after_use,
            "join_approval_level": room.join_approval_level,
            "initial_join_options": {"microphone_state": room.initial_join_options.microphone_state},
            "callback_urls": {
                "rooms_callback_url": callbacks.rooms_callback_url,
                "sessions_callback_url": callbacks.sessions_callback_url,
                "recordings_callback_url": callbacks.recordings_callback_url,
            },
            "available_features": {
                "is_recording_available": features.is_recording_available,
                "is_chat_available": features.is_chat_available,
                "is_whiteboard_available": features.is_whiteboard_available,
                "is_locale_switcher_available": features.is_locale_switcher_available,
                "is_captions_available": features.is_captions_available,
            },
            "ui_settings": {"language": room.ui_settings.language},
            "_links": {
                "host_url": {"href": links.host_url(self.base_url, room, self.host_token_secret)},
                "guest_url": {"href": links.guest_url(self.base_url, room)},
            },
        }
