"""The OpenAPI document of the page's own calls, from the models that read and describe them.

``python -m moothall.page.reference`` prints it; ``make page-api`` writes it and the page's typed
client.
"""

import json
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from moothall.page import answers, schemas
from moothall.page.commands import COMMANDS

_COMPONENT = "#/components/schemas/{model}"


@dataclass(frozen=True, slots=True)
class Operation:
    """One call. ``answers`` by status; None where the answer has no body."""

    name: str
    path: str
    body: type[BaseModel] | None
    answers: dict[int, tuple[type[BaseModel], ...] | None]
    method: str = "post"
    needs_control_token: bool = False


OPERATIONS = (
    Operation("lookup", "/page/lookup", schemas.LookupBody, {200: (answers.LookupAnswer,)}),
    Operation(
        "join",
        "/page/join",
        schemas.JoinBody,
        {200: (answers.JoinTicketAnswer,), 202: (answers.LobbyPlaceAnswer,)},
    ),
    Operation("openCheck", "/page/check", schemas.LookupBody, {200: (answers.CheckTicketAnswer,)}),
    Operation(
        "askLobby",
        "/page/waiting",
        schemas.LobbyBody,
        {200: (answers.StillWaitingAnswer, answers.AdmittedAnswer, answers.DeniedAnswer, answers.EndedAnswer)},
    ),
    Operation("renameWaiting", "/page/waiting-name", schemas.WaitingNameBody, {200: (answers.WaitingNameAnswer,)}),
    Operation(
        "listWaiting",
        "/page/waiting-list",
        None,
        {200: (answers.LobbyListAnswer,)},
        method="get",
        needs_control_token=True,
    ),
    Operation("admit", "/page/admit", schemas.AnswerBody, {204: None}, needs_control_token=True),
    Operation("deny", "/page/deny", schemas.AnswerBody, {204: None}, needs_control_token=True),
    Operation("end", "/page/end", None, {204: None}, needs_control_token=True),
    Operation("say", "/page/chat", schemas.MessageBody, {201: (answers.ChatMessageAnswer,)}, needs_control_token=True),
    Operation("readFeed", "/page/feed", schemas.FeedBody, {200: (answers.FeedAnswer,)}, needs_control_token=True),
    *(Operation(one.name, one.path, one.body, {204: None}, needs_control_token=True) for one in COMMANDS),
)


def build_document() -> dict[str, Any]:
    """The document as a JSON object: OpenAPI 3.1, in the order of ``OPERATIONS``."""
    bodies: list[type[BaseModel]] = [operation.body for operation in OPERATIONS if operation.body is not None]
    described: list[type[BaseModel]] = [
        model for operation in OPERATIONS for models in operation.answers.values() for model in models or ()
    ]
    models: dict[type[BaseModel], None] = dict.fromkeys([*bodies, *described, answers.PageErrorAnswer])
    _, definitions = models_json_schema([(model, "validation") for model in models], ref_template=_COMPONENT)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Moothall meeting page", "version": "1", "description": "See docs/page-api.md."},
        "paths": {operation.path: {operation.method: _describe(operation)} for operation in OPERATIONS},
        "components": {
            "schemas": definitions["$defs"],
            "securitySchemes": {"controlToken": {"type": "http", "scheme": "bearer"}},
        },
    }


def _describe(operation: Operation) -> dict[str, Any]:
    description: dict[str, Any] = {
        "operationId": operation.name,
        "responses": {
            **{str(status): _response(models) for status, models in operation.answers.items()},
            "default": _response((answers.PageErrorAnswer,)),
        },
    }
    if operation.body is not None:
        description["requestBody"] = {"required": True, "content": _content((operation.body,))}
    if operation.needs_control_token:
        description["security"] = [{"controlToken": []}]
    return description


def _response(models: tuple[type[BaseModel], ...] | None) -> dict[str, Any]:
    return {"description": "Done."} if models is None else {"description": "The answer.", "content": _content(models)}


def _content(models: tuple[type[BaseModel], ...]) -> dict[str, Any]:
    references = [{"$ref": _COMPONENT.format(model=model.__name__)} for model in models]
    return {"application/json": {"schema": references[0] if len(references) == 1 else {"oneOf": references}}}


if __name__ == "__main__":
    print(json.dumps(build_document(), indent=2))  # noqa: T201 - a command
