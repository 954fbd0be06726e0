"""Each test of the store runs on both engines."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack

import pytest
from support.databases import EmptyDatabase, NewUrl

from monitor.store.store import Store


@pytest.fixture
def new_url(empty_database: EmptyDatabase) -> Iterator[NewUrl]:
    """Makes URLs of empty databases."""
    with ExitStack() as databases:
        yield lambda: databases.enter_context(empty_database())


@pytest.fixture
def url(new_url: NewUrl) -> str:
    """Of an empty database."""
    return new_url()


@pytest.fixture
async def store(url: str) -> AsyncIterator[Store]:
    """An empty store, open."""
    async with await Store.open(url) as opened:
        yield opened
