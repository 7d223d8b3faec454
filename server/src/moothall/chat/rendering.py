"""A chat message on the wire, alike in the page's answers and in data packets."""

from typing import Any

from moothall.chat.model import ChatMessage, Removal


def render_packet(message: ChatMessage) -> dict[str, Any]:
    """A message as the page gets it, in answers and in data packets."""
    return {
        "id": f"{message.session_id}:{message.number}",
        "timestamp": round(message.sent_at.timestamp() * 1000),
        "message": message.text,
        "session_id": message.session_id,
        "number": message.number,
        "participant_id": message.participant_id,
        "name": message.name,
        "role": message.role.value,
        "revision": message.revision,
        "is_removed": message.removal is not None,
        "removed_by": _render_host(message.removal),
    }


def _render_host(removal: Removal | None) -> dict[str, Any] | None:
    if removal is None or removal.participant_id is None:
        return None
    return {"participant_id": removal.participant_id, "name": removal.name}
