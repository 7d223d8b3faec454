"""The world of the embedded engine's tests."""

from collections.abc import AsyncIterator

import pytest
from support.embedded import World, running


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with running() as one:
        yield one
