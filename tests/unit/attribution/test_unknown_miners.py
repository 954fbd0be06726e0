"""What is known of unattributed blocks is bounded, and a name that stays is not news."""

from monitor.attribution.unknown_miners import UnknownMiners
from monitor.model import Coinbase, Output
from monitor.registry.loading import load_pools

REGISTRY = load_pools("main")


def paid_to(miner: int) -> Coinbase:
    return Coinbase(b"\x01\x01", (Output(50_0000_0000, b"\x00\x14" + bytes([miner]) * 20),))


def test_a_second_block_gives_the_first_a_name() -> None:
    miners = UnknownMiners(REGISTRY)

    assert not miners.learn([(1, paid_to(1)), (2, paid_to(2))])
    assert miners.learn([(3, paid_to(1))]), "the pseudonym of block 1 is news"
    assert miners.name(1) == miners.name(3) is not None
    assert miners.name(2) is None


def test_one_more_block_of_a_known_miner_changes_nothing_before_it() -> None:
    miners = UnknownMiners(REGISTRY)
    miners.learn([(1, paid_to(1)), (2, paid_to(1))])

    assert not miners.learn([(3, paid_to(1))])
    assert miners.name(3) == miners.name(1)


def test_only_the_newest_are_remembered() -> None:
    miners = UnknownMiners(REGISTRY, memory=3)
    miners.learn((height, paid_to(1)) for height in range(1, 4))

    assert not miners.learn([(4, paid_to(1))]), "what was forgotten has no name to change"
    assert miners.name(1) is None
    assert [cluster.blocks for cluster in miners.known] == [3]


def test_a_name_goes_when_what_it_was_tied_to_is_forgotten() -> None:
    miners = UnknownMiners(REGISTRY, memory=3)
    miners.learn([(1, paid_to(1)), (2, paid_to(1)), (3, paid_to(2))])

    assert miners.learn([(4, paid_to(3))]), "block 2 is alone now"
    assert miners.name(2) is None
