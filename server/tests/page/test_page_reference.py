"""The page's API document is the one its typed client was made from."""

import json
from pathlib import Path

from fastapi import FastAPI
from starlette.routing import Route
from support.page import Page

from moothall.page.reference import OPERATIONS, build_document

_COMMITTED = Path(__file__).parents[3] / "web" / "src" / "api" / "page.openapi.json"


def test_the_committed_document_is_what_the_models_say() -> None:
    assert json.loads(_COMMITTED.read_text()) == build_document(), "run make page-api"


async def test_every_call_of_the_page_is_in_the_document(page: Page) -> None:
    served = {
        (route.path, method)
        for route in _routes(page.app)
        if route.path.startswith("/page/")
        for method in route.methods or ()
        if method != "HEAD"
    }

    assert served == {(operation.path, operation.method.upper()) for operation in OPERATIONS}


def _routes(app: FastAPI) -> list[Route]:
    found = []
    for route in app.router.routes:
        nested = getattr(route, "routes", None) or getattr(getattr(route, "original_router", None), "routes", [])
        found.extend(one for one in [route, *nested] if isinstance(one, Route))
    return found
