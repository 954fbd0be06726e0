"""The range over open memberships."""

from collections.abc import Iterable
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.analysis import POOL, BlockTable, Level, concentrate, concentration
from monitor.analysis.counting.levels import Entity
from monitor.analysis.uncertainty.membership_range import UncertainMembership, envelopes
from monitor.model import BlockRow, Envelope, Interval, PoolSlug, Window

ALL = Window.parse("999b")
HOMES = {"a": "CN", "b": "US", "c": None, "d": "CN"}
COUNTRY = Level("country", lambda row: HOMES[row.pool] if row.pool else None)


def asked(pool: str, *answers: Entity) -> UncertainMembership:
    return UncertainMembership("country", PoolSlug(pool), (), tuple((answer,) for answer in answers))


def ranges(pools: str, *questions: UncertainMembership, window: Window = ALL) -> Envelope:
    rows = [BlockRow(h, 600 * h, 0x1D00FFFF, PoolSlug(p) if p != "?" else None) for h, p in enumerate(pools)]
    ledger = BlockTable.of(rows, (POOL, COUNTRY))
    [found] = envelopes(ledger, concentrate(ledger, [window]), questions)
    return found


def test_a_pool_that_may_be_anybodys() -> None:
    found = ranges("aaaabbbbcc", asked("c", None, "CN"))
    assert (found.level, found.window, found.open) == ("country", "999b", ("c",))
    assert found.shares == {"CN": Interval(0.4, 0.6)}
    assert found.hhi["split"] == Interval(1600 + 1600 + 200, 3600 + 1600)
    assert found.hhi["merged"] == Interval(1600 + 1600 + 400, 3600 + 1600)
    assert found.nakamoto["split"] == Interval(1, 2)


def test_a_membership_counts_by_the_blocks_of_its_own_time() -> None:
    dated = UncertainMembership("country", PoolSlug("c"), (600 * 7,), ((None, None), (None, "CN")))
    assert ranges("aaaabbcccc", dated).shares == {"CN": Interval(0.4, 0.7)}


def test_what_makes_no_difference_is_not_open() -> None:
    rows = [BlockRow(h, 600 * h, 0x1D00FFFF, PoolSlug(p)) for h, p in enumerate("aabb")]
    ledger = BlockTable.of(rows, (POOL, COUNTRY))
    found = concentrate(ledger, [ALL])
    assert envelopes(ledger, found, [asked("c", None, "CN")]) == ()
    assert (
        envelopes(ledger, found, [UncertainMembership("country", PoolSlug("a"), (600,), (("CN", "CN"), ("CN", "CN")))])
        == ()
    )
    assert envelopes(ledger, found, []) == ()


@given(st.text("abcd?", min_size=4, max_size=40), st.permutations(["US", "CN", "RU", None]))
def test_the_range_is_that_of_every_combination(pools: str, homes: list[str | None]) -> None:
    questions = [asked(pool, HOMES[pool], *homes[:n]) for n, pool in enumerate("acd", start=1) if pool in pools]
    open_ = [q for q in questions if any(answer != q.answers[0] for answer in q.answers)]
    if not open_:
        return
    found = ranges(pools, *open_)
    seen = []
    for answers in product(*(q.answers for q in open_)):
        homes_now = HOMES | {q.pool: answer[0] for q, answer in zip(open_, answers, strict=True)}
        known: dict[str, int] = {}
        unknown = 0
        for pool in pools:
            home = homes_now.get(pool)
            if home is None:
                unknown += 1
            else:
                known[str(home)] = known.get(str(home), 0) + 1
        plain = concentration(known, unknown, level="country", window=ALL)
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


def ends(numbers: Iterable[float]) -> tuple[float, float]:
    seen = list(numbers)
    return min(seen), max(seen)


def test_the_current_answer_lies_within() -> None:
    found = ranges("aaaabbbbccdd??", asked("c", None, "US", "CN"), asked("d", "CN", None))
    assert found.shares["CN"] == pytest.approx(Interval(4 / 14, 8 / 14))
    assert found.shares["US"] == pytest.approx(Interval(4 / 14, 6 / 14))
