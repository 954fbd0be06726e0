"""The daemon: builds all parts, runs them in one task group, and stops them in order."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from typing import Any, NoReturn

import structlog

from monitor import __version__
from monitor.alerts.loading import METRIC_LOOKUP, load_rules, reload_rules
from monitor.alerts.receivers import delivery
from monitor.alerts.runner import AlertRunner
from monitor.backfill.scheduler import BackfillScheduler
from monitor.chain.branches import BranchRules
from monitor.chain.fallback import FallbackSource
from monitor.chain.follower import Follower
from monitor.chain.observer import Observer
from monitor.chain.watch import NodesWatch
from monitor.config import Config
from monitor.hub import Hub
from monitor.model import Coverage, NodeFacts, NodeRole, Reach
from monitor.node.client import NodeClient
from monitor.node.verified import VerifiedNode
from monitor.outputs.exposition import Exposition
from monitor.outputs.journal import Journal
from monitor.outputs.supervised import supervised
from monitor.outputs.web.cache import AnswerCache
from monitor.outputs.web.pages.pages import Pages
from monitor.outputs.web.routes.api import Api
from monitor.outputs.web.routes.events import Events
from monitor.outputs.web.routes.metrics import Metrics
from monitor.outputs.web.server import WebServer
from monitor.outputs.web.sources import Sources
from monitor.pipeline import Pipeline
from monitor.processing.auditing import run_audit
from monitor.processing.branches import count_branch
from monitor.processing.counter import Rulebook, WindowCounter
from monitor.processing.history import HistoryQueries
from monitor.processing.judging import judge
from monitor.registry.address import script_of
from monitor.registry.directory import Directory
from monitor.registry.loading import Registry, files, load_registry
from monitor.reload import ReloadSignal, keep_current
from monitor.service_manager import ServiceManager
from monitor.store.store import Store
from monitor.vitals import Vitals

log = structlog.get_logger()


class _Stopped(Exception):  # noqa: N818 -- a request to stop, not an error
    """Ends the task group."""


@dataclass(frozen=True, slots=True)
class _Health:
    """Follower, node and backfill, as far as outputs need their state."""

    follower: Follower
    node: NodeClient
    """The counted one."""
    backfill: BackfillScheduler
    source: FallbackSource

    @property
    def waiting(self) -> str | None:
        return self.follower.waiting

    @property
    def facts(self) -> NodeFacts | None:
        return self.source.followed.node.facts

    @property
    def heard_at(self) -> float | None:
        return self.source.followed.node.heard_at

    async def node_behind(self) -> int:
        return await self.node.behind()

    @property
    def coverage(self) -> Coverage | None:
        return self.backfill.coverage


async def run(config: Config, stop: asyncio.Event, *, listening: Callable[[str], None] | None = None) -> None:
    """Run until `stop` is set.

    Args:
        config: the configuration.
        stop: set it to end the daemon; unfinished work is stored first, or left for the next start.
        listening: called once with the address of the web server.

    Raises:
        PoolMonitorError: a restart or a change by the operator is needed; see its exit code.
    """
    vitals = Vitals()
    vitals.start_time.set_to_current_time()
    hub = Hub(vitals)
    directory = Directory(load_registry(config.registry))  # its errors are reported without waiting for the node
    rules = load_rules(config)
    async with AsyncExitStack() as rooms:
        store = await rooms.enter_async_context(await Store.open(config.store.url))
        nodes = [
            await rooms.enter_async_context(VerifiedNode(section, vitals))
            for section in (config.counted_node, *config.observers)
        ]
        source = FallbackSource(_observers(config, nodes), store.tip, patience=config.counted_node.fallback_seconds)
        follower = Follower(source, store, Reach.of(config.windows), vitals=vitals)
        backfill = BackfillScheduler(config, store, nodes[0], hub=hub, vitals=vitals)
        health = _Health(follower, nodes[0], backfill, source=source)
        history = HistoryQueries(store)
        token = config.web.secret_token
        sources = Sources(
            hub,
            store=store,
            branches=store.branches,
            journal=store.journal,
            audits=store.audits,
            health=health,
            directory=directory,
            history=history,
        )
        web = await rooms.enter_async_context(
            WebServer(
                (Api(sources), Pages(sources), Events(sources), Metrics(Exposition(hub, vitals))),
                AnswerCache(sources.state), vitals, host=config.web.host, port=config.web.port,
                token=token.get_secret_value() if token else None,
            )
        )  # fmt: skip
        log.info("listening", url=web.url, version=__version__)
        if listening:
            listening(web.url)
        reload = ReloadSignal()
        alert_runner = AlertRunner(rules, METRIC_LOOKUP, hub=hub, store=store.alerts, node=health, vitals=vitals)
        deliveries = delivery(config, store.alerts, hub=hub, vitals=vitals, link=web.url)
        alerts = _all_or_none(
            alert_runner.run(), reload_rules(config, alert_runner.set_rules, reload=reload, vitals=vitals), *deliveries
        )
        intake = _intake(
            config, health, store, hub=hub, vitals=vitals, history=history, directory=directory, reload=reload
        )
        with suppress(NotImplementedError, ValueError, RuntimeError):  # no signals outside the main thread
            asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, nodes[0].notifications.look_now)
        manager = ServiceManager()
        manager.ready()
        with suppress(_Stopped):
            await _all_or_none(
                _until(stop), *(node.run() for node in nodes), intake, alerts,
                supervised("journal", Journal(hub, store.journal).run, vitals),
                manager.keep_informed(lambda: _status(hub, health)),
            )  # fmt: skip
        manager.stopping()
        log.info("stopped")


async def _intake(  # noqa: PLR0913 -- what intake and outputs share
    config: Config,
    health: _Health,
    store: Store,
    *,
    hub: Hub,
    vitals: Vitals,
    history: HistoryQueries,
    directory: Directory,
    reload: ReloadSignal,
) -> NoReturn:
    """Load the registry of the node's network, then run pipeline and backfill; adopt changes of the registry."""
    network = await store.network()
    if network is None:
        await health.follower.meet()
        assert health.facts
        network = health.facts.network
        await store.note_network(network)
    registry = directory.registry = load_registry(config.registry, network)
    vitals.build_info.labels(__version__, registry.pools.hash).set(1)
    counter = WindowCounter(store, config.windows, Rulebook.of(registry, network))
    history.counter = counter
    pipeline = Pipeline(health.follower, store, counter, hub=hub, vitals=vitals)

    async def adopt(changed: Registry) -> None:
        log.info("registry reloaded", registry=changed.pools.hash, memberships=changed.memberships.hash)
        directory.registry = changed
        vitals.build_info.clear()
        vitals.build_info.labels(__version__, changed.pools.hash).set(1)
        async with health.backfill.paused():
            await pipeline.adopt(Rulebook.of(changed, network))

    rules = BranchRules(
        judge=lambda blocks: tuple(judge(blocks, counter.rulebook.registry)),
        count=lambda blocks: count_branch(blocks, counter.rulebook.levels),
        split_depth=config.splits.depth,
        split_seconds=config.splits.seconds,
    )
    watch = NodesWatch(health.source, store.branches, rules=rules, publish=hub.show_nodes, lag=vitals.observe_lag)

    async def stay_current() -> NoReturn:
        await pipeline.revise()
        await keep_current(
            lambda: files(config.registry), lambda: load_registry(config.registry, network, forgiving=False), adopt,
            kind="registry", reload=reload, vitals=vitals,
        )  # fmt: skip

    await _all_or_none(
        pipeline.follow(),
        pipeline.publish(),
        health.backfill.run(network, lock=pipeline.lock, recount=pipeline.recount),
        stay_current(),
        supervised(
            "audit",
            lambda: run_audit(
                config.audit,
                health.node.audited,
                hub=hub,
                store=store.audits,
                belongs=directory.belongs,
                script_of=lambda address: script_of(address, network),
            ),
            vitals,
        ),
        supervised("nodes", lambda: watch.run(store.check_chain), vitals),
        _keep_informed(watch, hub),
    )
    raise AssertionError("the pipeline returned")


def _observers(config: Config, nodes: Sequence[NodeClient]) -> list[Observer]:
    """All nodes by name, the counted one first."""
    counted, *others = nodes
    return [
        Observer(config.counted_node.label, counted, role=NodeRole.COUNTED, trusted=config.counted_node.trusted),
        *(
            Observer(section.label, node, trusted=section.trusted)
            for section, node in zip(config.observers, others, strict=True)
        ),
    ]


async def _keep_informed(watch: NodesWatch, hub: Hub) -> NoReturn:
    """Tell the watch of each step of the counted chain."""
    with hub.listen("nodes") as news:
        async for each in news:
            watch.take(each)
    raise AssertionError("the hub has ended")


async def _all_or_none(*parts: Coroutine[Any, Any, None]) -> None:
    """Run all parts until one ends; raise what ended it, alone."""
    try:
        async with asyncio.TaskGroup() as group:
            for part in parts:
                group.create_task(part)
    except BaseExceptionGroup as several:
        # The first failure cancels the other tasks, so there is usually one; several are raised together.
        raise several.exceptions[0] if len(several.exceptions) == 1 else several from None


async def _until(stop: asyncio.Event) -> NoReturn:
    await stop.wait()
    raise _Stopped


def _status(hub: Hub, health: _Health) -> str:
    """The state of the daemon in one line."""
    at = f"block {hub.snapshot.tip.height}" if hub.snapshot else "no block yet"
    if health.waiting:
        return f"{at}; waiting: {health.waiting}"
    return f"{at}, the node's newest" if hub.snapshot and hub.snapshot.caught_up else f"{at}, catching up"
