"""Memberships: dated, graded, contradicted, overridden."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from monitor.config import shipped
from monitor.errors import RegistryError
from monitor.model import PoolSlug
from monitor.registry.memberships import OWN, Confidence, Membership, Memberships, parse

ANTPOOL, BTCCOM = PoolSlug("antpool"), PoolSlug("btccom")
LOW, MEDIUM, HIGH, USER = Confidence


def at(day: str) -> int:
    return int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp())


def group(name: str, sure: Confidence, since: date | None = None, until: date | None = None) -> Membership:
    return Membership(ANTPOOL, sure, "a source", template=name, since=since, until=until)


def test_a_row_counts_from_its_first_day_to_the_day_before_its_last() -> None:
    known = Memberships([group("friends", HIGH, date(2024, 4, 17), date(2025, 1, 1))])
    days = ("2024-04-16T23:59:59", "2024-04-17", "2024-12-31T23:59:59", "2025-01-01")
    assert [known.of("template", ANTPOOL, at(day)) for day in days] == [None, "friends", "friends", None]


def test_a_row_without_dates_counts_always() -> None:
    known = Memberships([group("friends", HIGH)])
    assert known.of("template", ANTPOOL, 0) == known.of("template", ANTPOOL, 2**32) == "friends"


def test_the_surer_of_two_rows_counts_while_both_hold() -> None:
    rows = [group("old", MEDIUM), group("new", HIGH, date(2024, 1, 1), date(2025, 1, 1))]
    known = Memberships(rows)
    assert [known.of("template", ANTPOOL, at(f"{year}-06-01")) for year in (2023, 2024, 2025)] == ["old", "new", "old"]


def test_equally_sure_rows_that_contradict_each_other_are_refused() -> None:
    with pytest.raises(RegistryError, match="its template is one and two at the same time"):
        Memberships([group("one", HIGH), group("two", HIGH, date(2024, 1, 1))])


def test_two_guesses_that_contradict_each_other_both_do_not_count() -> None:
    known = Memberships([group("one", LOW), group("two", LOW, date(2024, 1, 1))], min_confidence=LOW)
    assert [known.of("template", ANTPOOL, at(day)) for day in ("2023-12-31", "2024-01-01")] == ["one", None]


def seen(sure: Confidence, evidence: date, until: date | None = None) -> Membership:
    return replace(group("friends", sure, date(2024, 4, 17), until), evidence=evidence)


def test_a_template_group_that_was_not_seen_for_a_year_is_one_grade_less_sure() -> None:
    known = Memberships([seen(MEDIUM, date(2025, 4, 1))])
    fresh, old = known.rows
    assert (fresh.until, fresh.confidence, fresh.aged) == (date(2026, 4, 1), MEDIUM, False)
    assert (old.since, old.confidence, old.aged) == (date(2026, 4, 1), LOW, True)
    assert old.note.startswith("Not seen since 2025-04-01: less sure from 2026-04-01 on.")
    days = ("2026-03-31T23:59:59", "2026-04-01")
    assert [known.of("template", ANTPOOL, at(day)) for day in days] == ["friends", None]


def test_a_high_row_that_ages_still_counts() -> None:
    assert Memberships([seen(HIGH, date(2025, 4, 1))]).of("template", ANTPOOL, at("2030-01-01")) == "friends"


@pytest.mark.parametrize(
    "row",
    [
        seen(HIGH, date(2025, 4, 1), until=date(2026, 4, 1)),  # it ends first
        seen(USER, date(2025, 4, 1)),
        group("friends", HIGH, date(2024, 4, 17)),  # no evidence to grow old
    ],
)
def test_other_rows_do_not_age(row: Membership) -> None:
    assert Memberships([row]).rows == (row,)


def test_rows_below_the_least_confidence_do_not_count() -> None:
    rows = [group("friends", LOW)]
    assert Memberships(rows).of("template", ANTPOOL, 0) is None
    assert Memberships(rows, min_confidence=LOW).of("template", ANTPOOL, 0) == "friends"


def test_what_the_user_says_outranks_all_and_can_take_a_pool_out_of_a_group() -> None:
    known = Memberships([group("friends", HIGH), group(OWN, USER, date(2024, 1, 1))])
    assert known.of("template", ANTPOOL, at("2023-12-31")) == "friends"
    assert known.of("template", ANTPOOL, at("2024-01-01")) is None


def test_aspects_and_pools_do_not_mix() -> None:
    known = Memberships([
        Membership(ANTPOOL, HIGH, "", operator="AntPool", origin="CN", country="SG"),
        Membership(BTCCOM, HIGH, "", country="HK"),
    ])  # fmt: skip
    of_antpool = {"template": None, "operator": "AntPool", "origin": "CN", "country": "SG", "custodian": None}
    assert known.at(ANTPOOL, 0) == of_antpool
    assert known.at(BTCCOM, 0) == {**dict.fromkeys(of_antpool), "country": "HK"}


def test_the_order_of_rows_changes_neither_answers_nor_hash() -> None:
    rows = [group("old", MEDIUM), group("new", HIGH, date(2024, 1, 1)), Membership(BTCCOM, HIGH, "", country="HK")]
    assert Memberships(rows).hash == Memberships(rows[::-1]).hash


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('pool = "antpool"\nconfidence = "high"', "says nothing"),
        ('template = "x"\nconfidence = "high"', "pool is missing"),
        ('pool = "antpool"\ntemplate = "x"', "confidence must be low, medium or high"),
        ('pool = "antpool"\ntemplate = "x"\nconfidence = "high"\nsinse = 2024-01-01', "unknown key 'sinse'"),
        ('pool = "antpool"\ntemplate = "x"\nconfidence = "high"\nsince = "2024-01-01"', "since must be a date"),
        ('pool = "antpool"\ncountry = "China"\nconfidence = "high"', "country 'China' must be two capital letters"),
        ('pool = "antpool"\norigin = "cn"\nconfidence = "high"', "origin 'cn' must be two capital letters"),
        ('pool = "antpool"\norigin = "CN"\nconfidence = "high"\nevidence = 2024-01-01', "states a template alone"),
        ('pool = "antpool"\ntemplate = "x"\nconfidence = "high"\nsince = 2024-01-02\nevidence = 2024-01-01', "before"),
        ('pool = "antpool"\ntemplate = "x"\nconfidence = "high"\nsince = 2024-01-02\nuntil = 2024-01-01', "not before"),
        ('pool = "antpool"\ntemplate = "x\\u0007"\nconfidence = "high"', "printable"),
        ("pool = ", "not valid TOML"),
    ],
)
def test_a_row_that_is_wrong_is_refused_with_its_place(text: str, reason: str) -> None:
    with pytest.raises(RegistryError, match=reason):
        parse(f"[[membership]]\n{text}")


def test_what_comes_with_the_program_holds_together_at_every_confidence() -> None:
    rows = parse(shipped("pools/memberships.toml").read_text("utf-8"))
    for confidence in Confidence:
        Memberships(rows, min_confidence=confidence)


def test_every_template_group_that_comes_with_the_program_has_evidence_or_an_end() -> None:
    rows = parse(shipped("pools/memberships.toml").read_text("utf-8"))
    for row in rows:
        if row.template and row.pool != ANTPOOL:  # the group is named for whoever uses AntPool's templates
            assert row.evidence or row.until, row


def test_a_country_is_a_seat_and_an_origin_a_founding_place() -> None:
    known = Memberships(parse(shipped("pools/memberships.toml").read_text("utf-8")))
    now = at("2026-11-29")
    braiins = known.at(PoolSlug("braiinspool"), now)
    assert (braiins["origin"], braiins["country"]) == ("CZ", "VG")
    assert {pool: known.of("origin", PoolSlug(pool), now) for pool in ("antpool", "f2pool", "viabtc", "btccom")} == {
        "antpool": "CN", "f2pool": "CN", "viabtc": "CN", "btccom": "CN",
    }  # fmt: skip
    assert known.of("country", PoolSlug("f2pool"), now) is None


def test_todays_groups_are_not_applied_to_the_past() -> None:
    known = Memberships(parse(shipped("pools/memberships.toml").read_text("utf-8")))
    assert known.of("template", BTCCOM, at("2022-03-01")) is None
    assert known.of("template", BTCCOM, at("2025-03-01")) == known.of("template", ANTPOOL, at("2025-03-01"))
