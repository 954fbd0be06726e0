"""Who is who, for those who are asked about a pool."""

from __future__ import annotations

from monitor.registry.directory import Directory
from monitor.registry.loading import load_registry


def test_a_pool_is_described_with_its_marks_and_memberships() -> None:
    antpool = Directory(load_registry()).profile("antpool")

    assert antpool
    assert (antpool.name, antpool.kind) == ("AntPool", "pool")
    assert antpool.tags
    assert antpool.addresses
    template = next(row for row in antpool.memberships if "template" in row.belongs and row.counts)
    assert template.belongs["template"] == "antpool-and-friends"
    assert template.since
    assert template.source


def test_what_is_not_sure_enough_is_shown_and_does_not_count() -> None:
    ties = [row for profile in Directory(load_registry()).profiles() for row in profile.memberships]

    assert {row.counts for row in ties if row.confidence == "low"} == {False}
    assert {row.counts for row in ties if row.confidence == "high"} == {True}


def test_a_pool_belongs_by_the_time_that_is_asked_about() -> None:
    directory = Directory(load_registry())

    assert directory.belongs("antpool", 1_600_000_000)["template"] is None
    assert directory.belongs("antpool", 1_760_000_000)["template"] == "antpool-and-friends"


def test_nobody_is_made_up() -> None:
    directory = Directory(load_registry())

    assert directory.profile("nobody") is None
    assert not any(directory.belongs("nobody", 1_760_000_000).values())
    assert directory.address(b"\x6a\x01\x00") is None
    assert directory.address(bytes.fromhex("76a914" + "11" * 20 + "88ac")) == "12ZEw5Hcv1hTb6YUQJ69y1V7uhcoDz92PH"
