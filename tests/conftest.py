"""Fixtures that start real services, and a guard that no test blocks the event loop.

A test that asks for a service which cannot be had skips; with CI=true it fails.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import groupby, islice
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import structlog
from support.alertmanager import Alertmanager
from support.bitcoind import Bitcoind
from support.databases import EmptyDatabase, sqlite
from support.fullnode import Build, Full, builder, copied
from support.mosquitto import Mosquitto
from support.postgresql import Postgresql
from support.preloaded import remember
from support.prometheus import Prometheus
from support.services import CHECKOUT, program

os.environ["XDG_DATA_HOME"] = str(Path(tempfile.gettempdir()) / "pool-monitor-tests-have-none")
"""No test depends on what the person who runs it keeps in the data directory, such as newer lists of pools."""
hypothesis.settings.register_profile("quick", max_examples=30, deadline=None)
hypothesis.settings.register_profile("thorough", max_examples=2000, deadline=None)  # `make fuzz`
hypothesis.settings.load_profile("quick")
remember()
CORE = CHECKOUT / ".services" / "core" / "bin" / "bitcoind"
LONG = ("chaos", "contract", "deploy", "e2e")
"""Folders of tests that take seconds each."""
LONGEST_STEP = 2.0
"""Processor time, in seconds, that one step of the event loop may take. It is not the time on the clock: other programs
on the machine do not count, and neither does garbage collection, which goes through all that the run of tests has left.
A call that waits is found by ruff's ASYNC rules, and by the timeout of the test."""

LONGEST_TEST = 20.0
"""Processor time, in seconds, that a test may take itself, without the programs it starts; one that is marked with a
timeout of its own is exempt, with the reason there."""


class _Collections:
    """Processor time that garbage collection has taken, in seconds."""

    def __init__(self) -> None:
        self.took = 0.0
        self._started = 0.0

    def __call__(self, phase: str, _info: dict[str, int]) -> None:
        now = time.thread_time()
        if phase == "start":
            self._started = now
        else:
            self.took += now - self._started


_collections = _Collections()
gc.callbacks.append(_collections)


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Twice as many as processors: half of the time tests wait, for nodes that renew a template and the like.

    With `--numprocesses logical` as many, for tests that do not wait.
    """
    processors = os.cpu_count() or 1
    return processors if config.option.numprocesses == "logical" else 2 * processors


def pytest_collection() -> None:
    """Collecting tests makes objects that stay: looking through them again and again is a tenth of the whole run."""
    gc.disable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long tests come first and are dealt out to the workers, by file; the short ones then even out what is left."""
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    files = [[*tests] for _, tests in groupby(items, key=lambda item: item.path)]
    long = [tests for tests in files if tests[0].path.relative_to(CHECKOUT / "tests").parts[0] in LONG]
    hands: list[list[pytest.Item]] = [[] for _ in range(workers)]
    for tests in sorted(long, key=len, reverse=True):
        min(hands, key=len).extend(tests)
    dealt = {item for hand in hands for item in hand}
    short = iter([item for item in items if item not in dealt])
    for number, hand in enumerate(hands):  # each worker is given as many tests, the next ones in this order
        hand.extend(islice(short, max(0, len(items) // workers - len(hand)) if number < workers - 1 else None))
    items[:] = [item for hand in hands for item in hand]


def pytest_collection_finish() -> None:
    """See `pytest_collection`."""
    gc.freeze()
    gc.enable()


@pytest.fixture(autouse=True)
def _test_stays_short(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test that computes for too long."""
    started = time.process_time()
    yield
    took = time.process_time() - started
    if took > LONGEST_TEST and request.node.get_closest_marker("timeout") is None:
        pytest.fail(f"the test took {took:.1f} s of processor time", pytrace=False)


@pytest.fixture(autouse=True)
def _loop_stays_free(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fail a test in which one step kept the event loop busy: long computations belong into a thread."""
    run = asyncio.Handle._run  # noqa: SLF001 -- asyncio has no public way to measure a step
    slow = []

    def timed(handle: asyncio.Handle) -> None:
        started = time.thread_time() - _collections.took
        run(handle)
        if (took := time.thread_time() - _collections.took - started) > LONGEST_STEP:
            slow.append(f"{took:.1f} s in {handle!r}")

    monkeypatch.setattr(asyncio.Handle, "_run", timed)
    yield
    if slow:
        pytest.fail(f"the event loop was busy for {'; '.join(slow)}", pytrace=False)


@pytest.fixture(autouse=True)
def _logging_is_left_as_it_was() -> Iterator[None]:
    """Commands set up logging for their process, which is that of all tests: later lines would meet a closed stream."""
    handlers = logging.root.handlers[:]
    yield
    logging.root.handlers[:] = handlers
    structlog.reset_defaults()


@pytest.fixture
def scratch() -> Iterator[Path]:
    """A folder for a service's data: gone after the test, as pytest's own are not and block files are large."""
    with tempfile.TemporaryDirectory(prefix="pool-monitor-test-") as folder:
        yield Path(folder)


@pytest.fixture
def start_bitcoind(scratch: Path) -> Iterator[Callable[..., Bitcoind]]:
    """Starts nodes, each with a fresh chain: `start_bitcoind("-prune=550")`."""
    with ExitStack() as running:

        def start(*arguments: str, binary: Path | None = None) -> Bitcoind:
            folder = Path(tempfile.mkdtemp(prefix="bitcoind-", dir=scratch))
            node = running.enter_context(Bitcoind(binary or program("bitcoind"), folder, *arguments))
            running.callback(lambda: print(node.log))  # noqa: T201 -- pytest shows it when the test failed
            return node

        yield start


@pytest.fixture
def bitcoind(start_bitcoind: Callable[..., Bitcoind]) -> Bitcoind:
    """A node with a fresh chain."""
    return start_bitcoind()


@pytest.fixture
def bitcoind_core(start_bitcoind: Callable[..., Bitcoind]) -> Bitcoind:
    """The same with the newest Bitcoin Core, whose REST interface has `blockpart`. Optional, in CI too."""
    if not CORE.exists():
        pytest.skip("there is no newest Bitcoin Core: `make node-core` builds it")
    return start_bitcoind(binary=CORE)


@pytest.fixture(scope="session")
def build() -> Iterator[Build]:
    """Data of nodes with 3,000 blocks, for all tests."""
    with tempfile.TemporaryDirectory(prefix="pool-monitor-test-") as folder:
        yield builder(Path(folder))


@pytest.fixture
def full(build: Build, scratch: Path) -> Iterator[Full]:
    """Starts nodes that have 3,000 blocks: `full("core", "-rest=0")`."""
    with ExitStack() as running:
        yield lambda kind="bitcoind", *more: running.enter_context(copied(build(kind), kind, scratch, *more))


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Postgresql]:
    """A database server for all tests, which make databases of their own in it."""
    with tempfile.TemporaryDirectory(prefix="pool-monitor-test-") as folder, Postgresql(Path(folder)) as server:
        yield server


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.service("postgresql"))])
def empty_database(request: pytest.FixtureRequest) -> EmptyDatabase:
    """Makes databases of each engine."""
    if request.param == "sqlite":
        return sqlite
    server: Postgresql = request.getfixturevalue("postgresql")
    return server.database


@pytest.fixture
def start_prometheus(scratch: Path) -> Iterator[Callable[..., Prometheus]]:
    """Starts servers that scrape a port of 127.0.0.1: `start_prometheus(9100)`."""
    with ExitStack() as running:

        def start(target: int, *, folder: Path | None = None, **how: Any) -> Prometheus:  # noqa: ANN401
            folder = folder or Path(tempfile.mkdtemp(prefix="prometheus-", dir=scratch))
            return running.enter_context(Prometheus(program("prometheus"), folder, target, **how))

        yield start


@pytest.fixture
def promtool() -> Path:
    """Prometheus's own checker."""
    return program("promtool")


@pytest.fixture
def start_alertmanager(scratch: Path) -> Iterator[Callable[..., Alertmanager]]:
    """Starts servers that tell a hook of ours: `start_alertmanager(hook="http://127.0.0.1:9999")`."""
    with ExitStack() as running:

        def start(**how: Any) -> Alertmanager:  # noqa: ANN401
            folder = Path(tempfile.mkdtemp(prefix="alertmanager-", dir=scratch))
            server = running.enter_context(Alertmanager(program("alertmanager"), folder, **how))
            running.callback(lambda: print(server.log))  # noqa: T201 -- pytest shows it when the test failed
            return server

        yield start


@pytest.fixture
def start_mosquitto(scratch: Path) -> Iterator[Callable[..., Mosquitto]]:
    """Starts brokers: `start_mosquitto(login=("user", "password"))`."""
    with ExitStack() as running:

        def start(**how: Any) -> Mosquitto:  # noqa: ANN401
            folder = Path(tempfile.mkdtemp(prefix="mosquitto-", dir=scratch))
            broker = running.enter_context(Mosquitto(program("mosquitto"), folder, **how))
            running.callback(lambda: print(broker.log))  # noqa: T201 -- pytest shows it when the test failed
            return broker

        yield start
