"""Commands of an application to a running meeting: a table, as the page has ``page/commands.py``.

Each is ``POST`` below ``/rooms/{room_id}/live``; the answer has no body.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

from moothall.features import schemas
from moothall.features.assembly import Features
from moothall.meeting.access import Application
from moothall.meeting.rights import Right


@dataclass(frozen=True, slots=True)
class LiveCommand:
    """``name`` is the operation's in the API reference; ``body`` None: it has none.

    ``act(features, room, participant id or "", body)`` carries it out. ``example`` is a body.
    """

    name: str
    path: str
    summary: str
    description: str
    act: Callable[[Features, Application, str, Any], Awaitable[object]]
    body: type[BaseModel] | None = None
    example: Mapping[str, Any] = field(default_factory=dict)


COMMANDS = (
    LiveCommand(
        "lower_hands",
        "/lower-hands",
        "Lower every hand",
        "Those who had raised theirs are told so.",
        lambda features, room, _participant_id, _body: features.hands.lower_all(room),
    ),
    LiveCommand(
        "lower_hand",
        "/participants/{participant_id}/lower-hand",
        "Lower the hand of a participant",
        "The participant is told so. Nothing changes where no hand is raised.",
        lambda features, room, participant_id, _body: features.hands.lower(room, participant_id),
    ),
    LiveCommand(
        "set_live_permissions",
        "/permissions",
        "Say what guests may do",
        "What is absent stays as it is. What guests publish and may no longer publish ends at once; "
        "whoever joins later is held to it, too. It ends with the session.",
        lambda features, room, _participant_id, body: features.permissions.permit(room, body.wanted),
        schemas.PermitBody,
        {"microphone": False, "camera": False},
    ),
    LiveCommand(
        "lock_live_session",
        "/lock",
        "Let nobody new in, or everybody again",
        "Owners come in all the same, and so does whoever has been inside or was let in by somebody. "
        "It ends with the session.",
        lambda features, room, _participant_id, body: features.locks.lock(room, locked=body.locked),
        schemas.LockBody,
        {"locked": True},
    ),
    LiveCommand(
        "promote_participant",
        "/participants/{participant_id}/make-host",
        "Make a participant a host",
        "Until the session ends, over reconnects, and unless they are removed.",
        lambda features, room, participant_id, _body: features.promotions.promote(room, participant_id),
    ),
    LiveCommand(
        "spotlight_participant",
        "/participants/{participant_id}/spotlight",
        "Show a participant to everybody in the first place",
        "At most three people: a fourth takes the place of whoever was there longest.",
        lambda features, room, participant_id, body: features.spotlights.show(room, participant_id, on=body.on),
        schemas.SpotlightBody,
        {"on": True},
    ),
    LiveCommand(
        "allow_participant",
        "/participants/{participant_id}/allow",
        "Leave rights to a participant that guests do not have",
        "These replace the ones they were given before; none of them takes all back. It ends with the session.",
        lambda features, room, participant_id, body: features.permissions.allow(room, participant_id, body.wanted),
        schemas.AllowBody,
        {"rights": ["microphone"]},
    ),
    LiveCommand(
        "mute_all_participants",
        "/mute-all",
        "Mute everybody",
        "Everybody is told so and may turn it on again, unless `lock` takes that right from the guests. "
        "For `screen_share` every share ends.",
        lambda features, room, _participant_id, body: features.muting.mute_all(
            room, Right(body.source), lock=body.lock
        ),
        schemas.MuteAllBody,
        {"source": "microphone", "lock": True},
    ),
    LiveCommand(
        "ask_participant_to_unmute",
        "/participants/{participant_id}/ask-to-unmute",
        "Ask a participant to turn on microphone or camera",
        "The participant answers; nothing opens by itself. Two questions at once, then one in 5 s.",
        lambda features, room, participant_id, body: features.muting.ask_to_unmute(
            room, participant_id, Right(body.source)
        ),
        schemas.AskToUnmuteBody,
        {"source": "microphone"},
    ),
    LiveCommand(
        "pin_chat_message",
        "/pin-message",
        "Show a chat message to everybody above the others",
        "Whoever comes later sees it first. `null`: none any more. It ends with the session.",
        lambda features, room, _participant_id, body: features.chat.pin(room, body.number),
        schemas.PinMessageBody,
        {"number": 1},
    ),
    LiveCommand(
        "remove_chat_message",
        "/remove-message",
        "Remove a chat message",
        "The text is gone; a line that it was there stays.",
        lambda features, room, _participant_id, body: features.chat.remove(room, body.number),
        schemas.RemoveMessageBody,
        {"number": 1},
    ),
)
