from collections.abc import AsyncIterator

import pytest
from support.receiver import Receiver, receiver


@pytest.fixture
async def alice() -> AsyncIterator[Receiver]:
    """A receiver that answers 200 unless told otherwise."""
    async with receiver() as listening:
        yield listening


@pytest.fixture
async def bob() -> AsyncIterator[Receiver]:
    """Another one."""
    async with receiver() as listening:
        yield listening
