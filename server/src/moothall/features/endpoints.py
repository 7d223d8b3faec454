"""``/rooms/{room_id}/live``: what people in a running meeting share.

Additions to the original API.
"""

from collections.abc import Awaitable

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from moothall.api.body import read_body
from moothall.api.call import AuthenticatedCall, Call
from moothall.api.errors import Conflict, NotFound, TooManyRequests, shown
from moothall.api.prefix import API_PREFIX
from moothall.api.reference import addition, documented_body, documented_errors
from moothall.features import schemas
from moothall.features.assembly import Features
from moothall.feeds.model import STATE, FeedFull
from moothall.hands import model as hands
from moothall.idempotency.once import Once
from moothall.idempotency.reference import repeatable
from moothall.meeting.access import Application
from moothall.meeting.endpoints import ParticipantId
from moothall.meeting.errors import MessageUnknown, ParticipantUnknown, SessionUnknown, TooFast
from moothall.meeting.feeds import Feeds
from moothall.meeting.rights import Right
from moothall.rooms import service as rooms

_PERMIT_EXAMPLES = {"listen": {"summary": "Guests listen", "value": {"microphone": False, "camera": False}}}
_LOCK_EXAMPLES = {"lock": {"summary": "Nobody new", "value": {"locked": True}}}
_SPOTLIGHT_EXAMPLES = {"on": {"summary": "In the first place", "value": {"on": True}}}
_ALLOW_EXAMPLES = {"speak": {"summary": "Let speak", "value": {"rights": ["microphone"]}}}
_MUTE_ALL_EXAMPLES = {"quiet": {"summary": "Guests stay quiet", "value": {"source": "microphone", "lock": True}}}
_ASK_EXAMPLES = {"microphone": {"summary": "Ask to unmute", "value": {"source": "microphone"}}}
_PIN_EXAMPLES = {"pin": {"summary": "The first message", "value": {"number": 1}}}
_REMOVE_MESSAGE_EXAMPLES = {"remove": {"summary": "The first message", "value": {"number": 1}}}
_ERRORS = documented_errors(400, 401, 404, 409, 422)
_ERRORS_WITH_BODY = documented_errors(400, 401, 404, 409, 413, 422)


def features_router(features: Features, feeds: Feeds) -> APIRouter:
    router = APIRouter(prefix=f"{API_PREFIX}/rooms/{{room_id}}/live", tags=["Additions"])

    @router.get(
        "/state",
        operation_id="get_live_state",
        summary="See what a running meeting shares",
        description=addition("Empty while nobody is in the room: it ends with the session."),
        response_model=schemas.LiveStateBody,
        responses=documented_errors(401, 404),
    )
    async def get_live_state(call: AuthenticatedCall, room_id: str) -> Response:
        room = await _find(call, room_id)
        raised = await feeds.find(room.room_id, feed=STATE, prefix=hands.PREFIX)
        return JSONResponse(
            schemas.render_state(
                hands=hands.raised_by(raised),
                guests_may=await features.permissions.find(room.room_id),
                locked=await features.locks.is_locked(room.room_id),
                spotlight=await features.spotlights.shown(room.room_id),
            )
        )

    @router.post(
        "/lower-hands",
        operation_id="lower_hands",
        summary="Lower every hand",
        description=addition("Those who had raised theirs are told so."),
        status_code=204,
        response_class=Response,
        responses=_ERRORS,
        openapi_extra=repeatable(),
    )
    async def lower_hands(call: AuthenticatedCall, request: Request, room_id: str) -> Response:
        room = await _find(call, room_id)
        return await Once.of(request, call.application_id, call.now).act(
            lambda: _done(features.hands.lower_all(room), room_id)
        )

    @router.post(
        "/participants/{participant_id}/lower-hand",
        operation_id="lower_hand",
        summary="Lower the hand of a participant",
        description=addition("The participant is told so. Nothing changes where no hand is raised."),
        status_code=204,
        response_class=Response,
        responses=_ERRORS,
        openapi_extra=repeatable(),
    )
    async def lower_hand(
        call: AuthenticatedCall, request: Request, room_id: str, participant_id: ParticipantId
    ) -> Response:
        room = await _find(call, room_id)
        return await Once.of(request, call.application_id, call.now).act(
            lambda: _done(features.hands.lower(room, participant_id), room_id, participant_id)
        )

    @router.post(
        "/permissions",
        operation_id="set_live_permissions",
        summary="Say what guests may do",
        description=addition(
            "What is absent stays as it is. What guests publish and may no longer publish ends at once; "
            "whoever joins later is held to it, too. It ends with the session."
        ),
        status_code=204,
        response_class=Response,
        responses=documented_errors(400, 401, 404, 409, 413, 422),
        openapi_extra=repeatable(documented_body(schemas.PermitBody, _PERMIT_EXAMPLES)),
    )
    async def set_live_permissions(call: AuthenticatedCall, request: Request, room_id: str) -> Response:
        body = await read_body(request, schemas.PermitBody)
        room = await _find(call, room_id)
        return await Once.of(request, call.application_id, call.now, body).act(
            lambda: _done(features.permissions.permit(room, body.wanted), room_id)
        )

    @router.post(
        "/lock",
        operation_id="lock_live_session",
        summary="Let nobody new in, or everybody again",
        description=addition(
            "Owners come in all the same, and so does whoever has been inside or was let in by somebody. "
            "It ends with the session."
        ),
        status_code=204,
        response_class=Response,
        responses=documented_errors(400, 401, 404, 409, 413, 422),
        openapi_extra=repeatable(documented_body(schemas.LockBody, _LOCK_EXAMPLES)),
    )
    async def lock_live_session(call: AuthenticatedCall, request: Request, room_id: str) -> Response:
        body = await read_body(request, schemas.LockBody)
        room = await _find(call, room_id)
        return await Once.of(request, call.application_id, call.now, body).act(
            lambda: _done(features.locks.lock(room, locked=body.locked), room_id)
        )

    @router.post(
        "/participants/{participant_id}/make-host",
        operation_id="promote_participant",
        summary="Make a participant a host",
        description=addition("Until the session ends, over reconnects, and unless they are removed."),
        status_code=204,
        response_class=Response,
        responses=_ERRORS,
        openapi_extra=repeatable(),
    )
    async def promote_participant(
        call: AuthenticatedCall, request: Request, room_id: str, participant_id: ParticipantId
    ) -> Response:
        room = await _find(call, room_id)
        return await Once.of(request, call.application_id, call.now).act(
            lambda: _done(features.promotions.promote(room, participant_id), room_id, participant_id)
        )

    @router.post(
        "/participants/{participant_id}/spotlight",
        operation_id="spotlight_participant",
        summary="Show a participant to everybody in the first place",
        description=addition("At most three people: a fourth takes the place of whoever was there longest."),
        status_code=204,
        response_class=Response,
        responses=documented_errors(400, 401, 404, 409, 413, 422),
        openapi_extra=repeatable(documented_body(schemas.SpotlightBody, _SPOTLIGHT_EXAMPLES)),
    )
    async def spotlight_participant(
        call: AuthenticatedCall, request: Request, room_id: str, participant_id: ParticipantId
    ) -> Response:
        body = await read_body(request, schemas.SpotlightBody)
        room = await _find(call, room_id)
        return await Once.of(request, call.application_id, call.now, body).act(
            lambda: _done(features.spotlights.show(room, participant_id, on=body.on), room_id, participant_id)
        )

    _add_moderation(router, features)
    return router


def _add_moderation(router: APIRouter, features: Features) -> None:
    """The commands that hosts have on the meeting page."""

    @router.post(
        "/participants/{participant_id}/allow",
        operation_id="allow_participant",
        summary="Leave rights to a participant that guests do not have",
        description=addition(
            "These replace the ones they were given before; none of them takes all back. It ends with the session."
        ),
        status_code=204,
        response_class=Response,
        responses=_ERRORS_WITH_BODY,
        openapi_extra=repeatable(documented_body(schemas.AllowBody, _ALLOW_EXAMPLES)),
    )
    async def allow_participant(
        call: AuthenticatedCall, request: Request, room_id: str, participant_id: ParticipantId
    ) -> Response:
        body = await read_body(request, schemas.AllowBody)
        room = await _find(call, room_id)
        return await Once.of(request, call.application_id, call.now, body).act(
            lambda: _done(features.permissions.allow(room, participant_id, body.wanted), room_id, participant_id)
        )

    @router.post(
        "/mute-all",
        operation_id="mute_all_participants",
        summary="Mute everybody",
        description=addition(
            "Everybody is told so and may turn it on again, unless `lock` takes that right from the guests. "
            "For `screen_share` every share ends."
        ),
        status_code=204,
        response_class=Response,
        responses=_ERRORS_WITH_BODY,
        openapi_extra=repeatable(documented_body(schemas.MuteAllBody, _MUTE_ALL_EXAMPLES)),
    )
    async def mute_all_participants(call: AuthenticatedCall, request: Request, room_id: str) -> Response:
        body = await read_body(request, schemas.MuteAllBody)
        room = await _find(call, room_id)
        return await Once.of(request, call.application_id, call.now, body).act(
            lambda: _done(features.muting.mute_all(room, Right(body.source), lock=body.lock), room_id)
        )

    @router.post(
        "/participants/{participant_id}/ask-to-unmute",
        operation_id="ask_participant_to_unmute",
        summary="Ask a participant to turn on microphone or camera",
        description=addition(
            "The participant answers; nothing opens by itself. Two questions at once, then one in 5 s."
        ),
        status_code=204,
        response_class=Response,
        responses=_ERRORS_WITH_BODY,
        openapi_extra=repeatable(documented_body(schemas.AskToUnmuteBody, _ASK_EXAMPLES)),
    )
    async def ask_participant_to_unmute(
        call: AuthenticatedCall, request: Request, room_id: str, participant_id: ParticipantId
    ) -> Response:
        body = await read_body(request, schemas.AskToUnmuteBody)
        room = await _find(call, room_id)
        return await Once.of(request, call.application_id, call.now, body).act(
            lambda: _done(
                features.muting.ask_to_unmute(room, participant_id, Right(body.source)), room_id, participant_id
            )
        )

    @router.post(
        "/pin-message",
        operation_id="pin_chat_message",
        summary="Show a chat message to everybody above the others",
        description=addition("Whoever comes later sees it first. `null`: none any more. It ends with the session."),
        status_code=204,
        response_class=Response,
        responses=_ERRORS_WITH_BODY,
        openapi_extra=repeatable(documented_body(schemas.PinMessageBody, _PIN_EXAMPLES)),
    )
    async def pin_chat_message(call: AuthenticatedCall, request: Request, room_id: str) -> Response:
        body = await read_body(request, schemas.PinMessageBody)
        room = await _find(call, room_id)
        return await Once.of(request, call.application_id, call.now, body).act(
            lambda: _done(features.chat.pin(room, body.number), room_id, number=body.number)
        )

    @router.post(
        "/remove-message",
        operation_id="remove_chat_message",
        summary="Remove a chat message",
        description=addition("The text is gone; a line that it was there stays."),
        status_code=204,
        response_class=Response,
        responses=_ERRORS_WITH_BODY,
        openapi_extra=repeatable(documented_body(schemas.RemoveMessageBody, _REMOVE_MESSAGE_EXAMPLES)),
    )
    async def remove_chat_message(call: AuthenticatedCall, request: Request, room_id: str) -> Response:
        body = await read_body(request, schemas.RemoveMessageBody)
        room = await _find(call, room_id)
        return await Once.of(request, call.application_id, call.now, body).act(
            lambda: _done(features.chat.remove(room, body.number), room_id, number=body.number)
        )


async def _find(call: Call, room_id: str) -> Application:
    """The application as it commands in this room of its own. Raises NotFound."""
    room = await call.database.read(lambda connection: rooms.get_room(connection, call.application_id, room_id))
    return Application(room.id)


async def _done(
    command: Awaitable[None], room_id: str, participant_id: str = "", *, number: int | None = None
) -> Response:
    """The one place where the errors of features become those of the API."""
    try:
        await command
    except SessionUnknown:
        raise NotFound(f"Nobody is in room {shown(room_id)}") from None
    except ParticipantUnknown:
        raise NotFound(f"Participant {shown(participant_id)} is not in this room") from None
    except MessageUnknown:
        raise NotFound(f"There is no chat message {number} in this session") from None
    except TooFast as error:
        raise TooManyRequests("This was asked a moment ago", retry_after=error.retry_after) from None
    except FeedFull:
        raise Conflict("There is no room for more in this meeting") from None
    return Response(status_code=204)
