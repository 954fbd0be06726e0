"""Whatever happens to the embedded node's tree, it follows the most work and tells all that changed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from monitor.embedded.blocks import Template, genesis, seal, unsigned
from monitor.embedded.chain import Chain, Event, Step
from monitor.model import BlockHash, PoolSlug

EASY, HARD = 0x207FFFFF, 0x203FFFFF

actions = st.lists(
    st.tuples(st.sampled_from(["add", "add", "add", "invalidate", "reconsider"]), st.integers(0), st.booleans()),
    max_size=40,
)


@given(actions)
def test_the_best_chain_is_the_valid_branch_with_the_most_work(script: list[tuple[str, int, bool]]) -> None:
    chain = Chain(genesis("regtest"))
    known = [chain.tip.hash]
    told = [chain.tip.hash]
    for action, choice, hard in script:
        entry = chain.find(known[choice % len(known)])
        assert entry is not None
        if action == "add":
            if entry.invalid:
                continue
            template = Template(
                entry.height + 1, entry.hash, 0, HARD if hard else EASY, unsigned(PoolSlug("x")), len(known), 0
            )
            block = seal(template)
            known.append(block.hash)
            steps = chain.add(block)
        elif entry.height == 0:
            continue
        else:
            steps = getattr(chain, action)(entry.hash)
        _replay(told, steps)
        active = [found.hash for height in range(chain.tip.height + 1) if (found := chain.at(height))]
        assert told == active
        entries = [found for hash_ in known if (found := chain.find(hash_))]
        assert chain.tip.work == max(found.work for found in entries if not found.invalid)
        assert all((chain.find(found.parent) or found).invalid <= found.invalid for found in entries)
        if any(step.event is Event.CONNECTED for step in steps):
            assert steps[-1] == Step(Event.NEW_TIP, chain.tip.hash)


def _replay(told: list[BlockHash], steps: list[Step]) -> None:
    """Follow what was told, as a reader of the notices would."""
    for step in steps:
        if step.event is Event.CONNECTED:
            told.append(step.hash)
        elif step.event is Event.DISCONNECTED:
            assert told.pop() == step.hash
        else:
            assert told[-1] == step.hash
