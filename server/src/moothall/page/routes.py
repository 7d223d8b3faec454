"""All routes of the meeting page."""

from collections.abc import Sequence
from pathlib import Path

from fastapi import APIRouter

from moothall.kit.clock import Clock
from moothall.meeting.service import MeetingService

STATIC = Path(__file__).parent.parent / "static"


def page_router(
    meeting: MeetingService,
    clock: Clock,
    *,
    media_url: str,
    static: Path = STATIC,
    trusted_proxies: Sequence[str] = (),
) -> APIRouter:
    """The page, its files and its calls. Include it last: it answers ``/`` and ``/{digits}``.

    ``media_url`` is what the engine's ``client_url()`` says; the page may connect there. ``trusted_proxies`` are addresses or networks whose
    X-Forwarded-For is believed.
    """
    raise NotImplementedError
