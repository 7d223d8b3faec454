"""Commands of people in a meeting to its features: a table of their paths, bodies and actions.

Each is ``POST``, with the control token of somebody inside; the answer has no body.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from pydantic import BaseModel

from moothall.features.assembly import Features
from moothall.meeting.access import Insider
from moothall.meeting.rights import Right
from moothall.page import schemas


@dataclass(frozen=True, slots=True)
class Command:
    """``name`` is the operation's in the page's API document; ``body`` None: it has none."""

    name: str
    path: str
    body: type[BaseModel] | None
    act: Callable[[Features, Insider, Any], Awaitable[object]]


def _raise_hand(features: Features, caller: Insider, body: schemas.HandBody) -> Awaitable[object]:
    return features.hands.raise_own(caller, raised=body.raised)


def _note_away(features: Features, caller: Insider, body: schemas.AwayBody) -> Awaitable[object]:
    return features.absences.note(caller, away=body.away)


def _report_check(features: Features, caller: Insider, body: schemas.ConnectionCheckBody) -> Awaitable[object]:
    return features.checks.report(caller, body.findings, timedelta(seconds=body.age_s))


def _lower_hand(features: Features, caller: Insider, body: schemas.AnswerBody) -> Awaitable[object]:
    return features.hands.lower(caller, body.participant_id)


def _lower_hands(features: Features, caller: Insider, _body: None) -> Awaitable[object]:
    return features.hands.lower_all(caller)


def _permit(features: Features, caller: Insider, body: schemas.PermissionsBody) -> Awaitable[object]:
    return features.permissions.permit(caller, body.wanted)


def _allow(features: Features, caller: Insider, body: schemas.AllowBody) -> Awaitable[object]:
    return features.permissions.allow(caller, body.participant_id, [Right(name) for name in body.rights])


def _mute(features: Features, caller: Insider, body: schemas.MuteBody) -> Awaitable[object]:
    return features.muting.mute(caller, body.participant_id, Right(body.source))


def _replace_shares(features: Features, caller: Insider, body: schemas.ReplaceSharesBody) -> Awaitable[object]:
    return features.muting.replace_shares(caller, body.participant_ids)


def _mute_all(features: Features, caller: Insider, body: schemas.MuteAllBody) -> Awaitable[object]:
    return features.muting.mute_all(caller, Right(body.source), lock=body.lock)


def _ask_to_unmute(features: Features, caller: Insider, body: schemas.UnmuteBody) -> Awaitable[object]:
    return features.muting.ask_to_unmute(caller, body.participant_id, Right(body.source))


def _react(features: Features, caller: Insider, body: schemas.ReactionBody) -> Awaitable[object]:
    return features.reactions.react(caller, body.reaction)


def _lock(features: Features, caller: Insider, body: schemas.LockBody) -> Awaitable[object]:
    return features.locks.lock(caller, locked=body.locked)


def _spotlight(features: Features, caller: Insider, body: schemas.SpotlightBody) -> Awaitable[object]:
    return features.spotlights.show(caller, body.participant_id, on=body.on)


def _remove(features: Features, caller: Insider, body: schemas.RemoveBody) -> Awaitable[object]:
    return features.moderation.remove_as(caller, body.participant_id, may_return=body.may_return)


def _remove_message(features: Features, caller: Insider, body: schemas.RemoveMessageBody) -> Awaitable[object]:
    return features.chat.remove(caller, body.number)


def _pin(features: Features, caller: Insider, body: schemas.PinBody) -> Awaitable[object]:
    return features.chat.pin(caller, body.number)


def _promote(features: Features, caller: Insider, body: schemas.AnswerBody) -> Awaitable[object]:
    return features.promotions.promote(caller, body.participant_id)


COMMANDS = (
    Command("raiseHand", "/page/hand", schemas.HandBody, _raise_hand),
    Command("noteAway", "/page/away", schemas.AwayBody, _note_away),
    Command("reportCheck", "/page/connection-check", schemas.ConnectionCheckBody, _report_check),
    Command("lowerHand", "/page/lower-hand", schemas.AnswerBody, _lower_hand),
    Command("lowerHands", "/page/lower-hands", None, _lower_hands),
    Command("permit", "/page/permissions", schemas.PermissionsBody, _permit),
    Command("allow", "/page/allow", schemas.AllowBody, _allow),
    Command("mute", "/page/mute", schemas.MuteBody, _mute),
    Command("replaceShares", "/page/replace-shares", schemas.ReplaceSharesBody, _replace_shares),
    Command("muteAll", "/page/mute-all", schemas.MuteAllBody, _mute_all),
    Command("askToUnmute", "/page/ask-to-unmute", schemas.UnmuteBody, _ask_to_unmute),
    Command("react", "/page/react", schemas.ReactionBody, _react),
    Command("lock", "/page/lock", schemas.LockBody, _lock),
    Command("spotlight", "/page/spotlight", schemas.SpotlightBody, _spotlight),
    Command("remove", "/page/remove", schemas.RemoveBody, _remove),
    Command("removeMessage", "/page/remove-message", schemas.RemoveMessageBody, _remove_message),
    Command("pin", "/page/pin", schemas.PinBody, _pin),
    Command("promote", "/page/make-host", schemas.AnswerBody, _promote),
)
