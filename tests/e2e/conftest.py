"""The daemon as a process of its own, and a browser."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser
from support.bitcoind import Bitcoind
from support.browser import running
from support.daemon import Daemon
from support.services import program


@pytest.fixture
def start_daemon(scratch: Path) -> Iterator[Callable[..., Daemon]]:
    """Starts daemons on a node, each with a fresh store: `start_daemon(bitcoind, node__rest="off")`."""
    number = count()
    with ExitStack() as running:

        def start(node: Bitcoind, **settings: Any) -> Daemon:  # noqa: ANN401 -- passed on
            known: dict[str, Any] = {"node__url": node.url, "node__cookie_file": node.cookie_file}
            daemon = running.enter_context(Daemon(scratch / f"daemon-{next(number)}", **known | settings))
            running.callback(lambda: print(daemon.log))  # noqa: T201 -- pytest shows it when the test failed
            return daemon

        yield start


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def browser() -> AsyncIterator[Browser]:
    """A browser for the tests of a module."""
    async with running(program("chromium")) as browser:
        yield browser
