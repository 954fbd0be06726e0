"""Lists of the page: changes in pairs, memberships, names of countries."""

from __future__ import annotations

from datetime import date

from monitor.analysis import POOL, BlockTable, snapshot
from monitor.model import (
    BlockHash,
    BlockRow,
    Change,
    Interval,
    PoolMembership,
    PoolSlug,
    Profile,
    Share,
    Snapshot,
    Tally,
    Window,
)
from monitor.outputs.web.pages.change_pairs import newest_first
from monitor.outputs.web.pages.memberships import MembershipView
from monitor.outputs.web.pages.names import COUNTRIES
from monitor.registry.loading import load_registry


def change(entity: str, size: float, *, height: int, counterpart: str | None = None) -> Change:
    before, after = (Share(entity, 100, share, lower=share, upper=share) for share in (0.2, 0.2 + size))
    return Change(
        "pool", entity, height, 0, height + 1, before=before, after=after, size=Interval(size, size),
        counterpart=counterpart,
    )  # fmt: skip


def test_what_one_lost_and_another_gained_is_one_entry() -> None:
    lost = change("a", -0.1, height=300, counterpart="b")
    gained = change("b", 0.1, height=310, counterpart="a")
    other = change("c", 0.1, height=400)

    assert newest_first([lost, gained, other]) == [(other, None), (lost, gained)]
    assert newest_first([lost, gained])[0].entities == {"a", "b"}


def test_of_several_gains_a_loss_takes_the_closest() -> None:
    early = change("b", 0.1, height=100, counterpart="a")
    lost = change("a", -0.1, height=290, counterpart="b")
    gained = change("b", 0.1, height=300, counterpart="a")

    assert newest_first([early, lost, gained]) == [(lost, gained), (early, None)]


def test_a_counterpart_without_a_change_of_its_own_is_no_pair() -> None:
    lost = change("a", -0.1, height=290, counterpart="b")

    assert newest_first([lost]) == [(lost, None)]


def mined(pools: str) -> Snapshot:
    rows = [BlockRow(at, 600 * at, 0x1D00FFFF, PoolSlug(pool)) for at, pool in enumerate(pools)]
    return snapshot(
        BlockTable.of(rows, [POOL]), [Window.parse("24h")], Tally(), tip_hash=BlockHash("ab" * 32), first_height=0,
        caught_up=True, registry="", pool_names={},
    )  # fmt: skip


def profile(slug: str, **belongs: str) -> Profile:
    row = PoolMembership(belongs, date(2020, 1, 1), None, confidence="low", counts=False, source="a report", note="")
    return Profile(PoolSlug(slug), slug.upper(), "pool", "", addresses=(), tags=(), sources=(), memberships=(row,))


PROFILES = [profile("a", origin="CN", operator="Anna"), profile("b", origin="US"), profile("idle", country="CN")]


def test_memberships_of_the_largest_pools_come_first() -> None:
    view = MembershipView.of(mined("abb"), PROFILES, level=None, entity=None)

    assert [(row.pool.slug, row.level) for row in view.rows] == [
        ("b", "origin"), ("a", "operator"), ("a", "origin"), ("idle", "country"),
    ]  # fmt: skip
    assert [row.share.blocks if row.share else 0 for row in view.rows] == [2, 1, 1, 0]


def test_memberships_are_chosen_by_level_and_entity() -> None:
    taken = mined("abb")

    assert [row.entity for row in MembershipView.of(taken, PROFILES, level="origin", entity=None).rows] == ["US", "CN"]
    assert [row.pool.slug for row in MembershipView.of(taken, PROFILES, level="origin", entity="CN").rows] == ["a"]
    assert len(MembershipView.of(taken, PROFILES, level="galaxy", entity="").rows) == 4


def test_every_country_of_the_memberships_has_a_name() -> None:
    stated = load_registry().memberships.stated
    codes = {code for row in stated for code in (row.origin, row.country) if code and code != "own"}

    assert codes <= COUNTRIES.keys()
