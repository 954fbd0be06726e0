"""What happens in a run, and when: a function of the seed alone."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

SECONDS: Final = 6.0
"""In which faults begin."""
_BLOCK_SECONDS = 0.15
_FAULT_SECONDS = 0.6
"""Between two blocks, and two faults, on average."""
_LONGER_THAN_A_LEASE = 7.0


class Engine(StrEnum):
    """What stores blocks, for how many monitors."""

    SQLITE = "SQLite"
    POSTGRESQL = "PostgreSQL"
    PAIR = "pair"
    """Two monitors on one PostgreSQL database."""


class Kind(StrEnum):
    """Kinds of faults."""

    KILL = "kill"
    """As a power cut, and started again."""
    STOP = "stop"
    """SIGTERM, and started again."""
    PAUSE = "pause"
    """SIGSTOP, and SIGCONT."""
    PARTITION = "partition"
    """The network loses everything, and delivers it later."""
    CUT = "cut"
    """The network resets every connection."""
    SLOW = "slow"
    """The network, or a receiver, is late with each answer."""
    FAIL = "fail"
    """A receiver answers 500."""
    BEHIND = "behind"
    """A node learns of blocks later."""
    FULL = "full disk"
    JUMP = "clock jump"


_NETWORK = (Kind.PARTITION, Kind.CUT, Kind.SLOW)
_NODE = (Kind.KILL, Kind.PAUSE, *_NETWORK)
_MONITOR = (Kind.KILL, Kind.KILL, Kind.STOP, Kind.STOP, Kind.PAUSE)
_OUTSIDE: Mapping[str, Sequence[Kind]] = {
    "node": _NODE,
    "broker": (Kind.KILL, Kind.PAUSE, *_NETWORK),
    "webhook": (Kind.KILL, Kind.PAUSE, Kind.SLOW, Kind.FAIL, Kind.CUT),
    "monitor a": _MONITOR,
    "clock": (Kind.JUMP,),
}
_SERVER: Mapping[str, Sequence[Kind]] = {"database": (Kind.KILL, Kind.PAUSE, Kind.FULL), "path a": _NETWORK}
_OF_ENGINE: Mapping[Engine, Mapping[str, Sequence[Kind]]] = {
    Engine.SQLITE: {"database": (Kind.FULL,)},
    Engine.POSTGRESQL: _SERVER,
    Engine.PAIR: {**_SERVER, "monitor b": _MONITOR, "path b": _NETWORK},
}
_OBSERVER: Mapping[str, Sequence[Kind]] = {"observer": (*_NODE, Kind.BEHIND)}
_JUMPS = (-86_400.0, -3_600.0, -60.0, 60.0, 3_600.0, 86_400.0)


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault."""

    at: float
    kind: Kind
    target: str
    seconds: float
    """How long it lasts."""
    amount: float
    """Seconds by which a network is slow, or a clock jumps."""

    def __str__(self) -> str:
        amount = f" {self.amount:+g} s" if self.kind in {Kind.JUMP, Kind.SLOW} else ""
        return f"{self.at:5.2f} {self.target}: {self.kind}{amount} for {self.seconds:.2f} s"


@dataclass(frozen=True, slots=True)
class Mined:
    """One block, or a branch that becomes the best chain."""

    at: float
    pool: str
    depth: int
    """Blocks that leave; 0 for a block on the tip."""
    invalid: bool
    """Whether they leave because they are invalidated, without a branch that replaces them yet."""
    seconds: int
    """Header time after the parent's."""

    def __str__(self) -> str:
        if not self.depth:
            return f"{self.at:5.2f} block by {self.pool}"
        return f"{self.at:5.2f} {'invalidated' if self.invalid else 'reorganised'}: {self.depth} blocks"


@dataclass(frozen=True, slots=True)
class Plan:
    """All of it."""

    seed: int
    engine: Engine
    core: bool
    """Whether the node is Bitcoin Core; else an embedded one, which has an observer beside it."""
    blocks: tuple[Mined, ...]
    faults: tuple[Fault, ...]

    def __str__(self) -> str:
        node = "bitcoind" if self.core else "embedded nodes"
        blocks = f"{len(self.blocks)} steps of the chain, {sum(1 for each in self.blocks if each.depth)} back"
        return "\n".join([f"seed {self.seed}: {self.engine}, {node}, {blocks}", *(f"  {each}" for each in self.faults)])


POOLS: Final = ("foundryusa", "antpool", "viabtc", "f2pool", "unknown")


def make(seed: int) -> Plan:
    """The plan of a seed."""
    chance = random.Random(seed)  # noqa: S311 -- repeatable, not secret
    engine = [*Engine][seed % 3]
    core = seed % 5 == 0
    return Plan(seed, engine, core, blocks=tuple(_blocks(chance)), faults=tuple(_faults(chance, engine, core=core)))


def _blocks(chance: random.Random) -> list[Mined]:
    found, at = [], 0.0
    while (at := at + chance.expovariate(1 / _BLOCK_SECONDS)) < SECONDS:
        depth = chance.randint(1, 4) if chance.random() < 0.12 else 0
        invalid = depth > 0 and chance.random() < 0.25
        found.append(Mined(at, chance.choice(POOLS), depth, invalid=invalid, seconds=chance.randint(1, 1200)))
    return found


def _faults(chance: random.Random, engine: Engine, *, core: bool) -> list[Fault]:
    """Several at once, but one for each target."""
    offered = {**_OUTSIDE, **_OF_ENGINE[engine], **({} if core else _OBSERVER)}
    free = dict.fromkeys(offered, 0.0)
    found, at = [], 0.0
    while (at := at + chance.expovariate(1 / _FAULT_SECONDS)) < SECONDS:
        target = chance.choice([*offered])
        kind, seconds = chance.choice(offered[target]), chance.uniform(0.1, 1.8)
        amount = chance.choice(_JUMPS) if kind is Kind.JUMP else chance.uniform(0.02, 0.3)
        lasting = engine is Engine.PAIR and kind is Kind.PAUSE and target.startswith("monitor")
        if lasting and chance.random() < 0.3:
            seconds = _LONGER_THAN_A_LEASE
        if free[target] < at:
            found.append(Fault(at, kind, target, seconds=seconds, amount=amount))
            free[target] = at + seconds + 0.3
    return found
