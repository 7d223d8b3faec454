"""Checks that every answer of the page's calls is as the page's API document says."""

import httpx2
from pydantic import BaseModel, TypeAdapter

from moothall.page.answers import PageErrorAnswer
from moothall.page.reference import OPERATIONS


async def check_answer(response: httpx2.Response) -> None:
    """A response hook of an HTTP client. Raises AssertionError, or pydantic's ValidationError."""
    found = [one for one in OPERATIONS if (one.path, one.method.upper()) == _called(response)]
    if not found or response.status_code == 405:
        return
    await response.aread()
    if response.status_code >= 400:
        PageErrorAnswer.model_validate_json(response.content)
        return
    [operation] = found
    assert response.status_code in operation.answers, f"{operation.name} answers {response.status_code}"
    models = operation.answers[response.status_code]
    if models is None:
        assert response.content == b""
    else:
        _any_of(models).validate_json(response.content)


def _called(response: httpx2.Response) -> tuple[str, str]:
    return response.request.url.path, response.request.method


def _any_of(models: tuple[type[BaseModel], ...]) -> TypeAdapter[BaseModel]:
    union: type[BaseModel] = models[0]
    for model in models[1:]:
        union = union | model  # type: ignore[assignment] # a union is a type to pydantic
    return TypeAdapter(union)
