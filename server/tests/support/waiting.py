"""Waiting for what will be so soon, instead of sleeping."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


async def eventually(condition: Callable[[], T | Awaitable[T]], *, seconds: float = 30, every: float = 0.05) -> T:
    """The first truthy answer of ``condition``.

    AssertionError with its last answer when there is none in time.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    while True:
        answer = condition()
        if inspect.isawaitable(answer):
            answer = await answer
        if answer:
            return answer  # type: ignore[return-value]  # awaited above
        if loop.time() >= deadline:
            raise AssertionError(f"still {answer!r} after {seconds} s: {inspect.getsource(condition).strip()}")
        await asyncio.sleep(every)
