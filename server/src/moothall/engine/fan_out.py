"""More than one listener for what the engine reports."""

from collections.abc import Sequence

from moothall.engine.events import EngineEvent
from moothall.engine.interface import EngineListener


def fan_out(listeners: Sequence[EngineListener]) -> EngineListener:
    """A listener that tells each of these, one after the other, in their order.

    When one raises, those after it are not told; the engine then reports the same events again,
    to all of them: listeners are idempotent.
    """

    async def tell_all(events: Sequence[EngineEvent]) -> None:
        for listener in listeners:
            await listener(events)

    return tell_all
