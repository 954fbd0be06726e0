"""The checks of `pool-monitor check`: what the daemon needs, and what would improve it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

from monitor import libzmq
from monitor.alerts.check import probe_receivers
from monitor.alerts.loading import load_rules
from monitor.cli.check.finding import Finding, Grade, bad, sentence
from monitor.cli.check.surroundings import address, database
from monitor.config import Config, NodeSection
from monitor.errors import ConfigError, OnAnotherChain, PoolMonitorError, StoreError, StoreRefused
from monitor.model import NodeFacts
from monitor.node import identity
from monitor.node.blockfiles import BlockFiles
from monitor.node.client import NodeClient
from monitor.node.subscription import answers
from monitor.registry.loading import load_registry, network_of
from monitor.store.store import Store
from monitor.vitals import Vitals


async def check(config: Config) -> AsyncIterator[Finding]:
    """Run all checks in order. They are independent: all run even if some fail. Nothing is written."""
    yield Finding(Grade.GOOD, "The configuration is valid.")
    yield _registry(config)
    yield _rules(config)
    finding, running = await database(config)
    yield finding
    yield await address(config, running=running)
    for finding in await _receivers(config):
        yield finding
    if config.counted_node.blocks_dir:
        yield await asyncio.to_thread(_files, config.counted_node.blocks_dir)
    facts = None
    try:
        facts = await _facts(config.counted_node)
        load_registry(config.registry, facts.network)
    except PoolMonitorError as error:
        yield bad(error, f"{_counted(config)}: " if config.nodes else "")
    else:
        async for finding in _node(config, facts):
            yield finding
    for section in config.observers:
        yield await _observer(section, facts)


def _registry(config: Config) -> Finding:
    try:
        registry = load_registry(config.registry, network_of(config))
    except PoolMonitorError as error:
        return bad(error)
    pools, rows = registry.pools, len(registry.memberships.rows)
    return Finding(Grade.GOOD, f"The registry has {len(pools.by_slug)} pools and {rows} memberships ({pools.hash}).")


def _rules(config: Config) -> Finding:
    try:
        rules = load_rules(config)
    except PoolMonitorError as error:
        return bad(error)
    return Finding(Grade.GOOD, f"{len(rules)} alert rules are valid.")


def _counted(config: Config) -> str:
    """What to call the counted node at the beginning of a sentence."""
    return f"The counted node {config.counted_node.label}" if config.nodes else "The node"


async def _facts(section: NodeSection) -> NodeFacts:
    async with NodeClient(section, Vitals()) as node:
        return await node.introduce()


async def _node(config: Config, facts: NodeFacts) -> AsyncIterator[Finding]:
    name = _counted(config)
    yield Finding(
        Grade.GOOD,
        f"{name} answers and sends its best block: {facts.version}, {facts.network}, height {facts.tip.height}.",
    )
    refusal = identity.refusal(config.counted_node, facts.chain)
    yield bad(refusal) if refusal else _chain(name, facts)
    if not config.counted_node.trusted:
        yield Finding(
            Grade.GOOD,
            f"{name} is not trusted: its blocks are counted after they have been checked, and each must contain its "
            "coinbase, for which the node reads the whole block.",
        )
    if another := await _another_chain(config, facts):
        yield another
    yield _bulk(facts)
    yield await _notices(facts)
    if config.audit.enabled:
        yield await _audit(config.counted_node)
    if facts.snapshot:
        yield Finding(
            Grade.BETTER, f"{sentence(facts.missing_blocks)} History can begin at block {facts.first_height}.",
            "Nothing has to be done: older blocks are added once the node has downloaded them.",
        )  # fmt: skip
    elif facts.pruned:
        yield Finding(
            Grade.BETTER, f"{name} is pruned: history can begin at block {facts.first_height}.",
            "An unpruned node (prune=0 in bitcoin.conf) has the whole history; new blocks are complete either way.",
        )  # fmt: skip


async def _observer(section: NodeSection, counted: NodeFacts | None) -> Finding:
    """The daemon runs without an observer that does not answer, or is on another network than the counted node."""
    try:
        facts = await _facts(section)
        if counted and facts.genesis != counted.genesis:
            raise OnAnotherChain.of_network(facts.network)
    except ConfigError as error:
        return bad(error)
    except PoolMonitorError as error:
        return Finding(
            Grade.BETTER, f"The observer {section.label}: {error.problem}.",
            error.remedy or "The daemon runs without it, and asks it again.",
        )  # fmt: skip
    return Finding(
        Grade.GOOD,
        f"The observer {section.label} answers and is {facts.chain}: {facts.version}, {facts.network}, "
        f"height {facts.tip.height}.",
    )


def _chain(name: str, facts: NodeFacts) -> Finding:
    if facts.chain.parts_at is None:
        return Finding(Grade.GOOD, f"{name} is {facts.chain}.")
    return Finding(
        Grade.BETTER, f"{name} is {facts.chain}.",
        "From that block on its blocks are not counted; use a node without these rules in time.",
    )  # fmt: skip


async def _another_chain(config: Config, facts: NodeFacts) -> Finding | None:
    """The refusal by a database that holds another chain; None if it does not, or cannot be opened."""
    with suppress(StoreError):
        async with await Store.open(config.store.url, beside=True) as store:
            try:
                await store.check_chain(facts.genesis)
            except StoreRefused as error:
                return bad(error)
    return None


async def _receivers(config: Config) -> list[Finding]:
    """An unreachable receiver is no error: alerts are delivered later."""
    return [
        Finding(Grade.GOOD, f"Alerts go to {each.receiver}: {each.detail}.")
        if each.ok
        else Finding(
            Grade.BETTER, f"Alerts go to {each.receiver}, which is unreachable: {each.detail}.",
            "Correct the configuration of the receiver, then run: pool-monitor alerts test",
        )
        for each in await probe_receivers(config)
    ]  # fmt: skip


def _files(folder: Path) -> Finding:
    try:
        with BlockFiles(folder) as files:
            number = len(files.numbers())
    except PoolMonitorError as error:
        return Finding(
            Grade.BETTER, f"{sentence(error.problem)} History is fetched over REST or RPC instead.",
            "Set node.blocks_dir to the folder of blk00000.dat, and run as a user that can read it.",
        )  # fmt: skip
    return Finding(Grade.GOOD, f"The node's {number} block files can be read: history comes from them.")


def _bulk(facts: NodeFacts) -> Finding:
    if facts.blockpart:
        return Finding(Grade.GOOD, "Blocks come over REST, header and coinbase only, which is fastest.")
    if facts.rest:
        return Finding(
            Grade.GOOD, "Blocks come over REST. (Bitcoin Core 31 and later can send only the part that is needed.)"
        )
    slower = "complete blocks come over RPC, about twenty times slower."
    if facts.rest_refusal is None or "HTTP 404" in facts.rest_refusal:
        return Finding(
            Grade.BETTER, f"The node's REST interface is off: {slower}",
            "Add this line to bitcoin.conf and restart the node:\nrest=1",
        )  # fmt: skip
    return Finding(
        Grade.BETTER, f"{sentence(facts.rest_refusal)} There is no REST interface: {slower}",
        "Let GET /rest/ through to the node, or do without it in the configuration of pool-monitor:\n"
        '[node]\nrest = "off"',
    )  # fmt: skip


async def _notices(facts: NodeFacts) -> Finding:
    if facts.zmq and (reason := libzmq.refusal()):
        return Finding(
            Grade.BETTER,
            f"ZMQ cannot be used ({reason}): new blocks are noticed by long polling and a timer.",
            f"{libzmq.REMEDY[0].upper()}{libzmq.REMEDY[1:]}.",
        )
    for publisher in facts.zmq:
        if not await answers(publisher):
            return Finding(
                Grade.BETTER,
                f"The node publishes blocks over ZMQ, but {publisher} does not answer: new blocks are noticed by long "
                "polling and a timer.",
                'Set node.zmq to an address that can be reached from here, or to "off".',
            )
    if facts.zmq:
        return Finding(Grade.GOOD, f"New blocks are announced over ZMQ at {', '.join(facts.zmq)}, which answers.")
    return Finding(
        Grade.BETTER, "The node does not publish blocks over ZMQ: new blocks are noticed by long polling and a timer.",
        "Add this line to bitcoin.conf and restart the node:\nzmqpubhashblock=tcp://127.0.0.1:28332",
    )  # fmt: skip


async def _audit(section: NodeSection) -> Finding:
    try:
        async with NodeClient(section, Vitals()) as node:
            await node.introduce()
            reason = await node.audited.refusal()
    except PoolMonitorError as error:
        reason = error.problem
    if reason is None:
        return Finding(Grade.GOOD, "Blocks can be compared with what the node would have mined.")
    return Finding(
        Grade.BETTER, f"There is no audit of blocks: {reason}.",
        "The daemon runs without it; audit.enabled = false removes this line.",
    )  # fmt: skip
