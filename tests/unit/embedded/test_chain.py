"""The tree of blocks follows the most work, and says what that changed."""

from __future__ import annotations

import pytest

from monitor.embedded.blocks import Sealed, Template, genesis, seal, unsigned
from monitor.embedded.chain import Chain, Event, Step
from monitor.model import BlockHash, PoolSlug

HARDER = 0x2000FFFF


class Builder:
    """A chain, and blocks with names."""

    def __init__(self) -> None:
        self.chain = Chain(genesis("regtest"))
        self.names = {self.chain.tip.hash: "G"}
        self.hashes = {"G": self.chain.tip.hash}

    def add(self, name: str, on: str, *, bits: int = 0x207FFFFF) -> str:
        """Add a block; says what happened as in `-B +C !C`."""
        parent = self.chain.find(self.hashes[on])
        assert parent is not None
        block = make(parent.hash, parent.height + 1, serial=len(self.names), bits=bits)
        self.names[block.hash], self.hashes[name] = name, block.hash
        return self.tell(self.chain.add(block))

    def tell(self, steps: list[Step]) -> str:
        """The steps in short."""
        signs = {Event.CONNECTED: "+", Event.DISCONNECTED: "-", Event.NEW_TIP: "!"}
        return " ".join(signs[step.event] + self.names[step.hash] for step in steps)

    def invalidate(self, name: str) -> str:
        """Declare a block invalid; says what happened."""
        return self.tell(self.chain.invalidate(self.hashes[name]))

    def reconsider(self, name: str) -> str:
        """Take that back; says what happened."""
        return self.tell(self.chain.reconsider(self.hashes[name]))

    @property
    def tips(self) -> dict[str, tuple[int, str]]:
        """Every branch's end: its length and status."""
        return {self.names[tip.entry.hash]: (tip.branch_length, tip.status) for tip in self.chain.tips()}


def make(parent: BlockHash, height: int, *, serial: int = 0, bits: int = 0x207FFFFF) -> Sealed:
    return seal(Template(height, parent, 1_700_000_000 + 600 * height, bits, unsigned(PoolSlug("x")), serial, 0))


@pytest.fixture
def build() -> Builder:
    """G - A - B - C."""
    builder = Builder()
    for name, on in ("AG", "BA", "CB"):
        builder.add(name, on)
    return builder


def test_a_block_on_the_tip_is_connected(build: Builder) -> None:
    assert build.add("D", "C") == "+D !D"


def test_of_equal_branches_the_first_seen_stays(build: Builder) -> None:
    assert build.add("C'", "B") == ""
    assert build.tips == {"C": (0, "active"), "C'": (1, "valid-headers")}


def test_a_longer_branch_takes_over_and_only_its_last_blocks_are_new_tips(build: Builder) -> None:
    build.add("B'", "A")
    build.add("C'", "B'")
    assert build.add("D'", "C'") == "-C -B +B' +C' +D' !D'"
    assert build.tips == {"D'": (0, "active"), "C": (2, "valid-fork")}


def test_work_counts_not_length(build: Builder) -> None:
    assert build.add("A'", "G", bits=HARDER) == "-C -B -A +A' !A'"
    assert build.chain.tip.height == 1


def test_invalidating_falls_back_to_the_best_that_is_left(build: Builder) -> None:
    build.add("B'", "A")
    build.add("C'", "B'")
    assert build.invalidate("B") == "-C -B +B' !B' +C' !C'"
    assert build.tips == {"C'": (0, "active"), "C": (2, "invalid")}


def test_invalidating_without_an_alternative_only_disconnects(build: Builder) -> None:
    assert build.invalidate("B") == "-C -B"
    assert build.chain.tip.height == 1
    assert build.tips == {"A": (0, "active"), "C": (2, "invalid")}


def test_invalidating_a_side_branch_changes_nothing(build: Builder) -> None:
    build.add("C'", "B")
    assert build.invalidate("C'") == ""
    assert build.tips["C'"] == (1, "invalid")


def test_reconsidering_returns_to_the_better_branch(build: Builder) -> None:
    build.invalidate("B")
    build.add("B'", "A")
    assert build.reconsider("C") == "-B' +B +C !C"


def test_nothing_can_stand_on_an_invalid_or_unknown_block(build: Builder) -> None:
    build.invalidate("B")
    with pytest.raises(ValueError, match="is unknown or invalid"):
        build.add("D", "C")
    with pytest.raises(ValueError, match="is unknown or invalid"):
        build.chain.add(make(BlockHash("12" * 32), 4))


def test_heights_must_follow(build: Builder) -> None:
    with pytest.raises(ValueError, match="cannot have height 9"):
        build.chain.add(make(build.chain.tip.hash, 9))


def test_a_history_may_begin_with_a_gap() -> None:
    chain = Chain(genesis("main"))
    chain.add(first := make(chain.tip.hash, 900_000))
    chain.add(second := make(first.hash, 900_001))
    assert chain.first_height == 900_000
    assert [entry and entry.height for entry in map(chain.at, (0, 1, 899_999, 900_000, 900_001, 900_002, -1))] == [
        0, None, None, 900_000, 900_001, None, None,
    ]  # fmt: skip
    assert chain.tip.hash == second.hash
    with pytest.raises(ValueError, match="cannot have height 900007"):
        chain.add(make(second.hash, 900_007))


def test_pruning_forgets_bodies_for_good(build: Builder) -> None:
    build.chain.prune(2)
    build.chain.prune(1)
    assert build.chain.prune_height == 2
    assert [build.names[entry.hash] for entry in map(build.chain.at, range(4)) if entry and entry.pruned] == ["G", "A"]


def test_old_blocks_are_forgotten_with_the_branches_that_begin_there(build: Builder) -> None:
    build.add("D", "A")
    build.add("E", "C")
    build.add("F", "C")
    chain = build.chain

    chain.forget(chain.tip.height - 1)

    assert (chain.first_height, len(chain)) == (3, 4)  # genesis, C, E, F
    assert chain.at(2) is None
    assert chain.find(build.hashes["B"]) is None
    assert build.tips == {"E": (0, "active"), "F": (1, "valid-headers")}
    assert build.add("H", "F") == "-E +F +H !H"
