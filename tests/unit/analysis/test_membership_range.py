"""The range over open memberships."""

from collections import Counter
from collections.abc import Iterable
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.analysis import POOL, BlockTable, Level, concentrate, concentration
from monitor.analysis.counting.levels import Entity, Nameless
from monitor.analysis.uncertainty.alternatives import UncertainMembership, alternatives
from monitor.analysis.uncertainty.membership_range import envelopes
from monitor.model import BlockRow, Concentration, Envelope, Interval, PoolSlug, Window

NOWHERE = Nameless(PoolSlug("c"))
ALL = Window.parse("999b")
HOMES = {"a": "CN", "b": "US", "c": None, "d": "CN"}
COUNTRY = Level("country", lambda row: (HOMES[row.pool] or Nameless(row.pool)) if row.pool else None)


def asked(pool: str, *answers: Entity) -> UncertainMembership:
    """A pool without dates; None: of no known country."""
    named = tuple((answer or Nameless(PoolSlug(pool)),) for answer in answers)
    return UncertainMembership("country", PoolSlug(pool), (), named)


def ranges(pools: str, *questions: UncertainMembership, window: Window = ALL) -> Envelope:
    rows = [BlockRow(h, 600 * h, 0x1D00FFFF, PoolSlug(p) if p != "?" else None) for h, p in enumerate(pools)]
    table = BlockTable.of(rows, (POOL, COUNTRY))
    [found] = envelopes(alternatives(table, concentrate(table, [window]), questions))
    return found


def test_a_pool_that_may_be_anybodys() -> None:
    found = ranges("aaaabbbbcc", asked("c", None, "CN"))
    assert (found.level, found.window, found.open) == ("country", "999b", ("c",))
    assert found.shares == {"CN": Interval(0.4, 0.6)}
    assert found.hhi["split"] == Interval(1600 + 1600 + 400, 3600 + 1600)
    assert found.hhi["merged"] == Interval(1600 + 1600 + 400, 3600 + 1600)
    assert found.nakamoto["split"] == Interval(1, 2)


def test_a_membership_counts_by_the_blocks_of_its_own_time() -> None:
    dated = UncertainMembership("country", PoolSlug("c"), (600 * 7,), ((NOWHERE, NOWHERE), (NOWHERE, "CN")))
    assert ranges("aaaabbcccc", dated).shares == {"CN": Interval(0.4, 0.7)}


def test_what_makes_no_difference_is_not_open() -> None:
    rows = [BlockRow(h, 600 * h, 0x1D00FFFF, PoolSlug(p)) for h, p in enumerate("aabb")]
    table = BlockTable.of(rows, (POOL, COUNTRY))
    found = concentrate(table, [ALL])
    assert envelopes(alternatives(table, found, [asked("c", None, "CN")])) == ()
    same = UncertainMembership("country", PoolSlug("a"), (600,), (("CN", "CN"), ("CN", "CN")))
    assert envelopes(alternatives(table, found, [same])) == ()
    assert envelopes(alternatives(table, found, [])) == ()


@given(st.text("abcd?", min_size=4, max_size=40), st.permutations(["US", "CN", "RU", None]))
def test_the_range_is_that_of_every_combination(pools: str, homes: list[str | None]) -> None:
    questions = [asked(pool, HOMES[pool], *homes[:n]) for n, pool in enumerate("acd", start=1) if pool in pools]
    open_ = [q for q in questions if any(answer != q.answers[0] for answer in q.answers)]
    if not open_:
        return
    found = ranges(pools, *open_)
    seen = []
    for answers in product(*(q.answers for q in open_)):
        plain = counted(pools, {q.pool: answer[0] for q, answer in zip(open_, answers, strict=True)})
        assert plain.split
        assert plain.merged
        seen.append(plain)
    for reading in ("split", "merged"):
        indices = [getattr(each, reading) for each in seen]
        assert (found.hhi[reading].lower, found.hhi[reading].upper) == pytest.approx(ends(each.hhi for each in indices))
        assert found.nakamoto[reading] == Interval(*ends(each.nakamoto for each in indices))
    for entity, interval in found.shares.items():
        shares = [{share.entity: share.share for share in each.shares}.get(entity, 0) for each in seen]
        assert interval == Interval(*ends(shares))


def counted(pools: str, answers: dict[PoolSlug, Entity]) -> Concentration:
    """The concentration with these answers."""
    homes = {pool: HOMES[pool] or Nameless(PoolSlug(pool)) for pool in HOMES} | answers
    entities = Counter(homes.get(PoolSlug(pool)) for pool in pools)
    known = {entity: blocks for entity, blocks in entities.items() if isinstance(entity, str)}
    nameless = {entity.pool: blocks for entity, blocks in entities.items() if isinstance(entity, Nameless)}
    unknown = len(pools) - sum(known.values())
    return concentration(known, unknown, nameless=nameless, level="country", window=ALL)


def ends(numbers: Iterable[float]) -> tuple[float, float]:
    seen = list(numbers)
    return min(seen), max(seen)


def test_the_current_answer_lies_within() -> None:
    found = ranges("aaaabbbbccdd??", asked("c", None, "US", "CN"), asked("d", "CN", None))
    assert found.shares["CN"] == pytest.approx(Interval(4 / 14, 8 / 14))
    assert found.shares["US"] == pytest.approx(Interval(4 / 14, 6 / 14))
