"""The daemon as a process of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from support.bitcoind import Bitcoind
from support.daemon import Daemon


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
