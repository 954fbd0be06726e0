"""The combined interval holds the numbers of every alternative that memberships, doubtful and unknown blocks allow."""

from collections import Counter
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.examples import few

from monitor.analysis import POOL, BlockTable, Level, concentrate, concentration, estimate
from monitor.analysis.counting.levels import Entity, Nameless
from monitor.analysis.uncertainty import alternatives as counting
from monitor.analysis.uncertainty import extremes
from monitor.analysis.uncertainty.alternatives import UncertainMembership, alternatives
from monitor.analysis.uncertainty.combined import combined, largest, widened
from monitor.model import BlockRow, Combined, Concentration, Confidence, CurrentShare, Interval, PoolSlug, Window

ALL = Window.parse("9999b")
HOMES = {"a": "CN", "b": "US", "c": None, "d": "CN", "e": None}
"""Of `e` no row says anything."""


def home(pool: str) -> Entity:
    return HOMES[pool] or Nameless(PoolSlug(pool))


COUNTRY = Level("country", lambda row: home(row.pool) if row.pool else None)


def question(pool: str, *homes: str | None) -> UncertainMembership:
    answers = dict.fromkeys([home(pool), *(each or Nameless(PoolSlug(pool)) for each in homes)])
    return UncertainMembership("country", PoolSlug(pool), (), tuple((answer,) for answer in answers))


def published(pools: str, *questions: UncertainMembership, level: str = "country") -> Combined:
    """Of blocks by these pools: `?` is unknown, a capital is a block of low confidence."""
    rows = [
        BlockRow(
            h, 600 * h, 0x1D00FFFF, PoolSlug(p.lower()) if p != "?" else None,
            confidence=Confidence.LOW if p.isupper() else Confidence.HIGH,
        )
        for h, p in enumerate(pools)
    ]  # fmt: skip
    table = BlockTable.of(rows, (POOL, COUNTRY))
    [found] = concentrate(table, [ALL], levels=[level])
    [made] = combined(list(alternatives(table, [found], questions)), [estimate(found, seed=[1])])
    return made


def under(pools: str, homes: dict[str, Entity], *, level: str = "country") -> Concentration:
    """What is counted if these are the pools' homes.

    `?` is the home of unknown blocks; the blocks of a capital count for its pool, unless it has a home of its own.
    """
    entities = Counter(homes.get(pool, homes[pool.lower()]) for pool in pools)
    known = {entity: blocks for entity, blocks in entities.items() if isinstance(entity, str)}
    nameless = {entity.pool: blocks for entity, blocks in entities.items() if isinstance(entity, Nameless)}
    return concentration(
        known, len(pools) - sum(known.values()), nameless=nameless, level=level, window=ALL
    )  # fmt: skip


def check(made: Combined, one: Concentration) -> None:
    sampled = estimate(one, seed=[1])
    assert one.split
    assert one.merged
    assert sampled.split
    for indices in (one.split, one.merged):
        inside(made.hhi, indices.hhi)
        inside(made.nakamoto, indices.nakamoto)
    assert one.split.hhi_unbiased is not None
    inside(made.hhi, one.split.hhi_unbiased)
    for share in one.shares:
        if share.entity not in made.shares:
            continue  # no row names it
        assert made.shares[share.entity].lower <= share.lower
        assert share.upper <= made.shares[share.entity].upper


def inside(interval: Interval, number: float) -> None:
    assert interval.lower <= number + 1e-9
    assert number - 1e-9 <= interval.upper


POOLS = st.text("abcde?", min_size=4, max_size=60)
DOUBTFUL = st.text("abcde?ABCDE", min_size=4, max_size=60)
CLAIMS = st.lists(st.sampled_from(["US", "CN", "RU", None]), min_size=1, max_size=3)


@pytest.mark.parametrize("most", [4096, 1])
@given(POOLS, CLAIMS, CLAIMS, st.sampled_from(["US", "CN"]))
@few
def test_every_alternative_lies_inside(
    most: int, pools: str, c: list[str | None], d: list[str | None], anyones: str
) -> None:
    """Also if the alternatives are too many to be combined."""
    questions = [question("c", *c), question("d", *d)]
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(counting, "_MOST", most)
        made = published(pools, *questions)
    for answers in product(*(each.answers for each in questions)):
        chosen = {each.pool: answer for each, (answer,) in zip(questions, answers, strict=True)}
        # What nothing claims may be nobody's, one miner's each, or an entity's that has others.
        for e, unknown in ((Nameless(PoolSlug("e")), None), (anyones, None), (anyones, anyones)):
            check(made, under(pools, {pool: home(pool) for pool in HOMES} | chosen | {"e": e, "?": unknown}))


@pytest.mark.parametrize("most", [4096, 1])
@given(DOUBTFUL, CLAIMS, st.lists(st.sampled_from(["as said", "unknown", "US", "CN"]), min_size=5, max_size=5))
@few
def test_a_block_of_low_confidence_may_be_anyones(
    most: int, pools: str, c: list[str | None], answers: list[str]
) -> None:
    """Whatever its pool's home is."""
    asked = question("c", *c)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(counting, "_MOST", most)
        made = published(pools, asked)
    elsewhere: dict[str, Entity] = {
        pool: None if answer == "unknown" else answer
        for pool, answer in zip("ABCDE", answers, strict=True)
        if answer != "as said"
    }
    for (claimed,) in asked.answers:
        homes = {pool: home(pool) for pool in HOMES} | {"c": claimed, "?": None}
        check(made, under(pools, homes | elsewhere))


@given(st.text("abcde?ABCDE", min_size=30, max_size=200), CLAIMS, CLAIMS)
def test_the_alternatives_that_are_left_out_are_within_the_others(
    pools: str, c: list[str | None], d: list[str | None]
) -> None:
    questions = [question("c", *c), question("d", *d, "d alone")]
    made = published(pools, *questions)
    with pytest.MonkeyPatch.context() as patched:
        for name in ("_finest", "_coarsest"):
            patched.setattr(extremes, name, lambda answers, _: answers)
        every = published(pools, *questions)
    assert made.nakamoto.lower == every.nakamoto.lower
    assert every.nakamoto.upper - made.nakamoto.upper in {0, 1}
    assert (made.hhi.lower, made.hhi.upper) == pytest.approx((every.hhi.lower, every.hhi.upper), rel=0.01)


@given(DOUBTFUL, st.sets(st.sampled_from("ABCDE")))
def test_at_the_level_pool_it_may_be_an_unknown_pools(pools: str, moved: set[str]) -> None:
    made = published(pools, level="pool")
    homes: dict[str, Entity] = {pool: pool for pool in HOMES}
    check(made, under(pools, homes | {"?": None} | dict.fromkeys(moved), level="pool"))
    counted = under(pools, homes | {"?": None}, level="pool")
    assert {each.entity: each.upper for each in counted.shares} == {e: each.upper for e, each in made.shares.items()}


@given(POOLS)
def test_it_holds_the_sampling_intervals_of_what_is_counted(pools: str) -> None:
    for level in ("pool", "country"):
        made = published(pools, level=level)
        counts = Counter(pools)
        if level == "pool":
            unknown = counts.pop("?", 0)
            one = concentration(counts, unknown, level=level, window=ALL)
            assert made.shares == {share.entity: Interval(share.lower, share.upper) for share in one.shares}
        else:
            one = under(pools, {pool: home(pool) for pool in HOMES} | {"?": None})
        sampled = estimate(one, seed=[1])
        assert sampled.split
        assert sampled.merged
        for likely in (sampled.split, sampled.merged):
            inside(made.nakamoto, likely.nakamoto.lower)
            inside(made.nakamoto, likely.nakamoto.upper)


@pytest.mark.parametrize("pools", ["abcd", "abcde" * 6, "?" * 9, "abc" + "?" * 9])
def test_what_is_counted_is_within_even_if_all_are_as_large(pools: str) -> None:
    made = published(pools, level="pool")
    counts = Counter(pools)
    one = concentration(counts, counts.pop("?", 0), level="pool", window=ALL)
    for reading in (one.split, one.merged):
        assert reading
        inside(made.hhi, reading.headline_hhi)
        inside(made.nakamoto, reading.nakamoto)


def test_a_disputed_row_widens_only_the_entity_that_it_claims() -> None:
    made = published("aaaabbbb" * 20 + "cc" * 20, question("c", "CN"))
    sampled = published("aaaabbbb" * 20 + "cc" * 20)
    assert made.shares["US"].upper < sampled.shares["US"].upper  # without a row c may be anyone's
    assert made.shares["CN"].upper == sampled.shares["CN"].upper
    assert made.nakamoto == Interval(1, 2)


def test_the_share_now_is_as_uncertain_besides_as_the_window_of_a_fortnight() -> None:
    pools = "aaaabbbb" * 20 + "cc" * 20
    made, one = published(pools), under(pools, {pool: home(pool) for pool in "abc"})
    now = CurrentShare("country", "US", 0.4, lower=0.35, upper=0.45, blocks=Interval(0.3, 0.5), evidence=300)

    wide, *others = widened([now], [one], [made])

    (sampled,) = (share for share in one.shares if share.entity == "US")
    assert wide.lower == pytest.approx(now.lower - (sampled.lower - made.shares["US"].lower))
    assert wide.upper == pytest.approx(now.upper + (made.shares["US"].upper - sampled.upper))
    assert wide.upper > 0.5
    assert [(each.entity, each.share, each.upper) for each in others] == [("CN", 0, made.shares["CN"].upper)]
    assert list(widened([now], [one], [])) == [now]


def test_an_entity_without_a_recent_block_has_the_margins_of_an_older_window() -> None:
    pools = "aaaabbbb" * 20 + "cc" * 20
    made, one = published(pools), under(pools, {pool: home(pool) for pool in "abc"})
    recent = under("aaaa" * 500, {"a": "CN"})._replace(window=Window.parse("2000b"))
    now = CurrentShare("country", "US", 0.4, lower=0.35, upper=0.45, blocks=Interval(0.3, 0.5), evidence=300)

    assert next(widened([now], [recent, one], [made])) == next(widened([now], [one], [made]))


def test_the_largest_entity_may_be_one_that_nothing_is_counted_for() -> None:
    pools = "b" * 60 + "c" * 60
    made = published(pools, question("c", "CN"))
    one = under(pools, {"b": "US", "c": home("c")})
    now = CurrentShare("country", "US", 0.5, lower=0.4, upper=0.55, blocks=Interval(0.3, 0.6), evidence=300)

    possible = [each for each in widened([], [one], [made]) if each.entity == "CN"]
    assert largest(possible) == {}
    assert largest([now, *possible]) == {"country": Interval(0.4, made.shares["CN"].upper)}
    assert made.shares["CN"].upper > 0.55
    assert largest([now]) == {"country": Interval(0.4, 0.55)}
