"""``/healthz``, ``/readyz`` and ``/version``: for load balancers, orchestrators and people."""

import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import structlog
from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from moothall import __version__

_log = structlog.get_logger("moothall.health")

# Returns details to show; raises when the part does not work.
Probe = Callable[[], Awaitable[Mapping[str, Any]]]

router = APIRouter(tags=["Server"])


class Health(BaseModel):
    status: str = Field(examples=["ok"])


class Version(BaseModel):
    name: str = Field(examples=["moothall"])
    version: str = Field(examples=[__version__])


class Readiness(BaseModel):
    status: str = Field(examples=["ready"])
    checks: dict[str, dict[str, Any]] = Field(
        examples=[{"database": {"ok": True, "ms": 0.4, "revision": "0001"}, "sfu": {"ok": True, "ms": 0.1}}]
    )


@router.get("/healthz", operation_id="health", summary="The process answers", response_model=Health)
async def health() -> Response:
    return JSONResponse({"status": "ok"})


@router.get(
    "/readyz",
    operation_id="readiness",
    summary="Every part works",
    response_model=Readiness,
    responses={503: {"model": Readiness, "description": "Some part does not work."}},
)
async def readiness(request: Request) -> Response:
    probes: Mapping[str, Probe] = request.app.state.probes
    checks = {name: await _check(name, probe) for name, probe in probes.items()}
    ready = all(check["ok"] for check in checks.values())
    return JSONResponse({"status": "ready" if ready else "not ready", "checks": checks}, 200 if ready else 503)


@router.get("/version", operation_id="version", summary="Which server this is", response_model=Version)
async def version() -> Response:
    return JSONResponse({"name": "moothall", "version": __version__})


async def _check(name: str, probe: Probe) -> dict[str, Any]:
    started = time.perf_counter()
    try:
        details = {"ok": True, **await probe()}
    except Exception as error:  # noqa: BLE001 - what went wrong is for the log: the address answers strangers
        _log.exception("probe_failed", part=name)
        details = {"ok": False, "error": type(error).__name__}
    return details | {"ms": round((time.perf_counter() - started) * 1000, 1)}
