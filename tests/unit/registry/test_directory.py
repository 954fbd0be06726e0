"""Who is who, for those who are asked about a pool."""

from __future__ import annotations

from monitor.registry.directory import Directory
from monitor.registry.loading import load_knowledge


def test_a_pool_is_told_with_its_marks_and_ties() -> None:
    antpool = Directory(load_knowledge()).profile("antpool")

    assert antpool
    assert (antpool.name, antpool.kind) == ("AntPool", "pool")
    assert antpool.tags
    assert antpool.addresses
    template = next(tie for tie in antpool.ties if "template" in tie.belongs and tie.counts)
    assert template.belongs["template"] == "antpool-and-friends"
    assert template.since
    assert template.source


def test_what_is_not_sure_enough_is_shown_and_does_not_count() -> None:
    ties = [tie for profile in Directory(load_knowledge()).profiles() for tie in profile.ties]

    assert {tie.counts for tie in ties if tie.confidence == "low"} == {False}
    assert {tie.counts for tie in ties if tie.confidence == "high"} == {True}


def test_a_pool_belongs_by_the_time_that_is_asked_about() -> None:
    directory = Directory(load_knowledge())

    assert directory.belongs("antpool", 1_600_000_000)["template"] is None
    assert directory.belongs("antpool", 1_760_000_000)["template"] == "antpool-and-friends"


def test_nobody_is_made_up() -> None:
    directory = Directory(load_knowledge())

    assert directory.profile("nobody") is None
    assert not any(directory.belongs("nobody", 1_760_000_000).values())
    assert directory.address(b"\x6a\x01\x00") is None
    assert directory.address(bytes.fromhex("76a914" + "11" * 20 + "88ac")) == "12ZEw5Hcv1hTb6YUQJ69y1V7uhcoDz92PH"
