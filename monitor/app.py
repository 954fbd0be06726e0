"""The daemon: builds all parts, runs them in one task group, and stops them in order."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable, Collection, Coroutine, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from typing import Any, NoReturn

import structlog

from monitor import __version__, logs, process_signals
from monitor.alerts.loading import METRIC_LOOKUP, load_rules, reload_rules
from monitor.alerts.receivers import delivery, receivers
from monitor.alerts.runner import AlertRunner
from monitor.alerts.shown import follow as follow_alerts
from monitor.attribution.match import attribute
from monitor.backfill.scheduler import BackfillScheduler
from monitor.chain.branches import BranchRules
from monitor.chain.fallback import FallbackSource
from monitor.chain.follower import Follower
from monitor.chain.observer import Observer
from monitor.chain.watch import NodesWatch
from monitor.config import Config, Token
from monitor.economy.keeper import EconomyKeeper
from monitor.health import Health
from monitor.hub import Hub
from monitor.model import NodeRole, Proposal, Reach
from monitor.node.verified import VerifiedNode
from monitor.outputs.exposition import Exposition
from monitor.outputs.journal import Journal
from monitor.outputs.metrics import FAMILIES
from monitor.outputs.supervised import supervised
from monitor.outputs.web.cache import AnswerCache
from monitor.outputs.web.pages.charts import Charts
from monitor.outputs.web.pages.pages import Pages
from monitor.outputs.web.routes.api import Api
from monitor.outputs.web.routes.events import Events
from monitor.outputs.web.routes.metrics import Metrics
from monitor.outputs.web.server import WebServer
from monitor.outputs.web.sources import Sources
from monitor.pipeline import Pipeline
from monitor.processing.auditing import AuditQueries, run_audit
from monitor.processing.branches import count_branch
from monitor.processing.builders import BuildersKeeper, follow_custody
from monitor.processing.counter import Rulebook, WindowCounter
from monitor.processing.history import HistoryQueries
from monitor.processing.judging import judge
from monitor.processing.measured import measured, stored_proposals, stored_registry
from monitor.processing.pruning import prune_daily
from monitor.processing.self_check import SelfCheck
from monitor.processing.stratum import run_stratum
from monitor.registry.address import script_of
from monitor.registry.directory import Directory
from monitor.registry.loading import Registry, files, load_registry
from monitor.reload import ReloadSignal, keep_current
from monitor.service_manager import ServiceManager
from monitor.standby import Role, Standby
from monitor.store.migrations import NEWEST
from monitor.store.store import Store
from monitor.together import all_or_none
from monitor.vitals import Vitals

_WITH_FILES = Reach(seconds=0, blocks=144)
"""What a first start asks the node for, if its block files are there: the backfill reads the rest of them, which takes
less time than asking for it, and the newest numbers come first."""
_LOOK_SECONDS = 1.0
"""Between two looks for the first block of another monitor."""
_LATER_SECONDS = 10.0
"""How long work that is not urgent waits at a start, at most: the node may be away."""
_SILENCE_SECONDS = 30.0
"""Beyond `node.poll_seconds`, after which the numbers may be old, whatever the reason."""

log = structlog.get_logger()


class _Stopped(Exception):  # noqa: N818 -- a request to stop, not an error
    """Ends the task group."""


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
    logs.count_dropped(vitals.log_lines_dropped.inc)
    vitals.start_time.set_to_current_time()
    hub = Hub(vitals)
    directory = Directory(load_registry(config.registry))  # its errors are reported without waiting for the node
    rules = load_rules(config)
    async with AsyncExitStack() as rooms:
        store = await rooms.enter_async_context(await Store.open(config.store.url, standby=True))
        vitals.store_info.labels(store.engine, NEWEST).set(1)
        readers = store
        if config.store.read_url:
            readers = await rooms.enter_async_context(await Store.open(config.store.read_url, beside=True))
        sections = (config.counted_node, *config.observers)
        nodes = [await rooms.enter_async_context(VerifiedNode(section, vitals)) for section in sections]
        roles = (NodeRole.COUNTED, *(NodeRole.OBSERVER for _ in config.observers))
        observers = [
            Observer(section.label, node, role=role, trusted=section.trusted)
            for section, node, role in zip(sections, nodes, roles, strict=True)
        ]
        source = FallbackSource(observers, store.tip, patience=config.counted_node.fallback_seconds)
        first_reach = _WITH_FILES if config.counted_node.blocks_dir else Reach.of(config.windows)
        follower = Follower(source, store, first_reach, vitals=vitals)
        backfill = BackfillScheduler(config, store, nodes[0], hub=hub, vitals=vitals)
        role = Role(store, vitals)
        patience = config.counted_node.poll_seconds + _SILENCE_SECONDS
        health = Health(role, follower, nodes[0], backfill=backfill, source=source, patience=patience)
        history = HistoryQueries(readers)
        sources = Sources(
            hub,
            store=readers,
            branches=readers.branches,
            journal=readers.journal,
            audits=AuditQueries(readers.audits, directory.belongs),
            health=health,
            directory=directory,
            history=history,
        )
        web = await rooms.enter_async_context(
            WebServer(
                (
                    Api(sources), Pages(sources), Charts(sources), Events(sources, vitals),
                    Metrics(Exposition(hub, vitals, _families(config))),
                ),
                AnswerCache(sources.state), vitals, settings=config.web,
            )
        )  # fmt: skip
        log.info("listening", url=web.url, version=__version__)
        if listening:
            listening(web.url)
        reload = ReloadSignal()
        receivers(config, hub=hub, vitals=vitals, listening=web.url)  # wrong ones are reported at the start
        parts = _Parts(
            config, health, store, hub=hub, vitals=vitals, history=history, directory=directory, reload=reload
        )

        async def write() -> None:
            alert_runner = AlertRunner(rules, METRIC_LOOKUP, hub=hub, store=store.alerts, node=health, vitals=vitals)
            await all_or_none(
                _intake(parts),
                alert_runner.run(),
                reload_rules(config, alert_runner.set_rules, reload=reload, vitals=vitals),
                *delivery(config, store.alerts, hub=hub, vitals=vitals, listening=web.url),
                supervised("journal", Journal(hub, store.journal).run, vitals),
            )

        async def follow() -> None:
            await all_or_none(_follow(parts), follow_alerts(rules, store.alerts.load, hub=hub, vitals=vitals))

        process_signals.listen(signal.SIGUSR1, nodes[0].notifications.look_now)
        economy = EconomyKeeper(
            config.economy, store, history, complete=lambda: health.complete,
            publish=hub.show_economy, vitals=vitals, writes=lambda: role.writes,
        )  # fmt: skip
        manager = ServiceManager()
        manager.ready()
        with suppress(_Stopped):
            await all_or_none(
                _until(stop), *(node.run() for node in nodes), role.run(write, follow),
                _reload_tokens(config, web, reload=reload, vitals=vitals),
                supervised("economy", lambda: _later(hub, economy.run), vitals),
                manager.keep_informed(lambda: _status(hub, health), moves=lambda: health.intake_moves),
            )  # fmt: skip
        manager.stopping()
        log.info("stopped")


@dataclass(frozen=True, slots=True)
class _Parts:
    """What intake and outputs share."""

    config: Config
    health: Health
    store: Store
    hub: Hub
    vitals: Vitals
    history: HistoryQueries
    directory: Directory
    reload: ReloadSignal

    async def counter(self, network: str) -> WindowCounter:
        """A count by the registry of the network, which outputs use from now on."""
        registry = await stored_registry(self.store, self.config)
        self.adopt(registry)
        self.history.counter = WindowCounter(self.store, self.config.windows, Rulebook.of(registry, network))
        return self.history.counter

    def adopt(self, registry: Registry) -> None:
        """Show another registry."""
        self.directory.registry = registry
        self.vitals.build_info.clear()
        self.vitals.build_info.labels(__version__, registry.pools.hash).set(1)

    async def stay_current(self, network: str, adopt: Callable[[Registry], Awaitable[None]]) -> NoReturn:
        """Adopt the registry whenever its files change."""

        async def adopt_and_show(changed: Registry) -> None:
            log.info("registry reloaded", registry=changed.pools.hash, memberships=changed.memberships.hash)
            self.adopt(changed)
            await adopt(changed)

        section = self.config.registry
        turn = asyncio.Lock()

        async def adopt_files(listed: Registry) -> None:
            async with turn:
                await adopt_and_show(measured(listed, await stored_proposals(self.store), self.config))

        async def adopt_measured(proposals: tuple[Proposal, ...]) -> None:
            async with turn:
                listed = await asyncio.to_thread(load_registry, section, network)
                changed = measured(listed, proposals, self.config)
                if changed.memberships.hash != self.directory.registry.memberships.hash:
                    await adopt_and_show(changed)

        keeper = BuildersKeeper(
            self.config, self.store, self.hub,
            belongs=self.directory.belongs, adopt=adopt_measured, writes=self.health.writer,
        )  # fmt: skip
        await all_or_none(
            keep_current(
                lambda: files(section), lambda: load_registry(section, network, forgiving=False), adopt_files,
                kind="registry", reload=self.reload, vitals=self.vitals,
            ),
            supervised("builders", lambda: _later(self.hub, keeper.run), self.vitals),
            *([supervised("custody", lambda: self._follow_custody(keeper), self.vitals)] if self.health.writer else []),
        )  # fmt: skip
        raise AssertionError("keeping current never ends")

    async def _follow_custody(self, keeper: BuildersKeeper) -> NoReturn:
        await follow_custody(
            self.config, self.health.node.audited, self.store, hub=self.hub, keeper=keeper,
            complete=lambda: self.health.settled,
        )  # fmt: skip


async def _follow(parts: _Parts) -> NoReturn:
    """Show what another monitor stores; adopt changes of the registry."""
    while (network := await parts.store.network()) is None:
        await parts.store.changed(_LOOK_SECONDS)
    counter = await parts.counter(network)
    standby = Standby(parts.store, counter, hub=parts.hub)

    async def adopt(changed: Registry) -> None:
        counter.rulebook = Rulebook.of(changed, network)
        await standby.recount()

    self_check = SelfCheck(
        parts.store,
        counter,
        lock=standby.lock,
        recount=standby.recount,
        hub=parts.hub,
        vitals=parts.vitals,
        writes=False,
    )
    await all_or_none(
        standby.follow(), parts.stay_current(network, adopt), supervised("self-check", self_check.run, parts.vitals)
    )
    raise AssertionError("following never ends")


async def _intake(parts: _Parts) -> NoReturn:
    """Load the registry of the node's network, then run pipeline and backfill; adopt changes of the registry."""
    config, health, store, hub, vitals = parts.config, parts.health, parts.store, parts.hub, parts.vitals
    network = await store.network()
    if network is None:
        await health.follower.meet()
        assert health.facts
        network = health.facts.network
        await store.note_network(network)
    counter = await parts.counter(network)
    pipeline = Pipeline(health.follower, store, counter, hub=hub, vitals=vitals)

    async def adopt(changed: Registry) -> None:
        async with health.backfill.paused():
            await pipeline.adopt(Rulebook.of(changed, network))

    rules = BranchRules(
        judge=lambda blocks: judge(blocks, counter.rulebook.registry),
        count=lambda blocks: count_branch(blocks, counter.rulebook.levels),
        split_depth=config.splits.depth,
        split_seconds=config.splits.seconds,
    )
    self_check = SelfCheck(store, counter, lock=pipeline.lock, recount=pipeline.recount, hub=hub, vitals=vitals)
    watch = NodesWatch(health.source, store.branches, rules=rules, publish=hub.show_nodes, lag=vitals.observe_lag)

    async def stay_current() -> NoReturn:
        await pipeline.revise()
        await parts.stay_current(network, adopt)

    await all_or_none(
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
                belongs=parts.directory.belongs,
                script_of=lambda address: script_of(address, network),
                vitals=vitals,
            ),
            vitals,
        ),
        supervised(
            "stratum",
            lambda: run_stratum(
                config.stratum,
                network,
                hub=hub,
                store=store,
                attribute=lambda coinbase: attribute(coinbase, counter.rulebook.registry),
            ),
            vitals,
        ),
        supervised("nodes", lambda: watch.run(store.check_chain), vitals),
        supervised("self-check", self_check.run, vitals),
        supervised("pruning", lambda: prune_daily(config, store), vitals),
        _keep_informed(watch, hub),
    )
    raise AssertionError("the pipeline returned")


async def _later(hub: Hub, run: Callable[[], Coroutine[Any, Any, NoReturn]]) -> NoReturn:
    """Run work that is not urgent: at a start, after the first snapshot, which it would delay by seconds."""
    await hub.wait_until_caught_up(_LATER_SECONDS)
    await run()


async def _keep_informed(watch: NodesWatch, hub: Hub) -> NoReturn:
    """Tell the watch of each step of the counted chain."""
    with hub.listen("nodes") as news:
        async for each in news:
            watch.take(each)
    raise AssertionError("the hub has ended")


async def _reload_tokens(config: Config, web: WebServer, *, reload: ReloadSignal, vitals: Vitals) -> NoReturn:
    """Accept the tokens of the changed file; an invalid file is rejected and logged."""

    async def adopt(tokens: Sequence[Token]) -> None:
        log.info("tokens reloaded", names=[each.name for each in tokens])
        web.tokens = tokens

    await keep_current(
        lambda: [config.web.tokens_file] if config.web.tokens_file else [], config.web.all_tokens, adopt,
        kind="tokens", reload=reload, vitals=vitals,
    )  # fmt: skip


async def _until(stop: asyncio.Event) -> NoReturn:
    await stop.wait()
    raise _Stopped


def _families(config: Config) -> Collection[str]:
    return FAMILIES.keys() if config.metrics.families == "all" else config.metrics.families


def _status(hub: Hub, health: Health) -> str:
    """The state of the daemon in one line."""
    at = f"block {hub.snapshot.tip.height}" if hub.snapshot else "no block yet"
    if health.waiting:
        return f"{at}; waiting: {health.waiting}"
    return f"{at}, the node's newest" if hub.snapshot and hub.snapshot.caught_up else f"{at}, catching up"
