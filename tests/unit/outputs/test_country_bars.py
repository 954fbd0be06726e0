"""Shares by country as bars: both meanings, and what is unknown as bars of its own."""

from __future__ import annotations

from dataclasses import replace

from support.published import published

from monitor.model import Concentration, Snapshot
from monitor.outputs.web.pages.country_bars import CountryBars


def of_countries() -> Snapshot:
    """The counts of pools once more, as those of countries; half of the blocks of `country` have none."""
    snapshot = published(5, pool="CN").snapshot
    pools = [each for each in snapshot.concentration if each.level == "pool"]

    def by(level: str, **more: object) -> list[Concentration]:
        return [each._replace(level=level, **more) for each in pools]  # type: ignore[arg-type]

    return replace(
        snapshot, concentration=(*pools, *by("origin"), *by("country", nameless={"solo": 2}, unknown=3))
    )  # fmt: skip


def test_a_country_has_a_bar_for_each_meaning_and_the_unknown_have_their_own() -> None:
    view = CountryBars.of(of_countries(), "7d", {"CN": "China"})
    assert view
    blocks = view.chosen.chosen.blocks
    assert [(group.name, group.entity) for group in view.groups] == [
        ("China", "CN"), ("No country is counted: disputed, or not known", None), ("Unknown pools", None),
    ]  # fmt: skip
    assert [bar.level for bar in view.groups[0].bars] == ["origin", "country"]
    assert [round(bar.share * blocks) for bar in view.groups[1].bars] == [0, 2]
    assert [round(bar.share * blocks) for bar in view.groups[2].bars] == [0, 1]


def test_bars_are_within_the_drawing() -> None:
    view = CountryBars.of(of_countries(), "7d", {})
    assert view
    for width in (350, 1040):
        chart = view.drawn(width)
        assert chart.x(chart.scale) <= width - 16
        assert max(y for _, _, bars in chart.placed for _, y in bars) + 16 < chart.height - 20


def test_without_levels_of_countries_there_is_none() -> None:
    assert CountryBars.of(published(3).snapshot, None, {}) is None
