"""What the memberships leave open."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from monitor.analysis import UncertainMembership
from monitor.analysis.counting.levels import Nameless
from monitor.config import Override, RegistrySection
from monitor.model import PoolSlug
from monitor.processing.uncertain_memberships import questions
from monitor.registry.loading import load_registry


def asked(section: RegistrySection | None = None) -> dict[tuple[str, str], UncertainMembership]:
    return {(each.level, each.pool): each for each in questions(load_registry(section))}


def own(folder: Path, rows: str) -> RegistrySection:
    file = folder / "own.toml"
    file.write_text(rows)
    return RegistrySection(user_file=file)


def test_a_guess_may_hold_or_not() -> None:
    spiderpool = asked()["origin", "spiderpool"]
    assert spiderpool.answers == ((nowhere("spiderpool"),), ("CN",))
    assert spiderpool.edges == ()


def nowhere(pool: str) -> Nameless:
    return Nameless(PoolSlug(pool))


def test_old_evidence_may_have_ended_when_it_was_last_seen() -> None:
    ultimus = asked()["template", "ultimuspool"]
    seen, aged = (int(datetime.fromisoformat(f"{day}T00:00Z").timestamp()) for day in ("2025-04-01", "2026-04-01"))
    assert {seen, aged} < set(ultimus.edges)
    group = "antpool-and-friends"
    after = ultimus.edges.index(seen) + 1
    assert {answer[after:] for answer in ultimus.at(aged - 1)} == {(group, group)}
    assert {answer[after:] for answer in ultimus.at(aged)} == {(group, group), ("ultimuspool", "ultimuspool")}


def test_antpools_group_of_2026_is_nobody_to_all() -> None:
    """As of the tip's time, each pool of the group may be in it or not, except AntPool, which it is named for."""
    now = int(datetime(2026, 11, 29, tzinfo=UTC).timestamp())
    known = asked()
    for pool in ("binancepool", "braiinspool", "btccom", "miningsquared", "poolin", "rawpool", "ultimuspool"):
        answers = {answer[-1] for answer in known["template", pool].at(now)}
        assert answers == {"antpool-and-friends", pool}
    assert ("template", "antpool") not in known


def test_what_is_sure_is_not_asked() -> None:
    assert ("country", "foundryusa") not in asked()
    assert not any(level == "pool" for level, _ in asked())


def test_the_first_answer_is_the_one_that_counts() -> None:
    strict, lenient = (asked(RegistrySection(min_confidence=sure)) for sure in ("high", "low"))
    assert lenient["origin", "spiderpool"].answers == (("CN",), (nowhere("spiderpool"),))
    assert strict["origin", "viabtc"].answers == ((nowhere("viabtc"),), ("CN",))
    assert ("origin", "viabtc") not in lenient


def test_what_the_user_says_is_sure() -> None:
    override = Override(pool="spiderpool", origin="CN")
    assert ("origin", "spiderpool") not in asked(RegistrySection(overrides=(override,)))


def test_every_combination_of_guesses_is_an_answer(tmp_path: Path) -> None:
    rows = "".join(
        f'[[membership]]\npool = "ultimuspool"\ncountry = "{country}"\nsince = {since}\nuntil = {until}\n'
        f'confidence = "low"\nsource = "a guess"\n'
        for country, since, until in (("FR", "2030-01-01", "2031-01-01"), ("IT", "2032-01-01", "2033-01-01"))
    )
    found = asked(own(tmp_path, rows))["country", "ultimuspool"]
    own_time = {tuple(answer[-4:-1]) for answer in found.answers}
    assert {"FR" in answer for answer in found.answers} == {True, False}
    assert len(own_time) == 4


@pytest.mark.parametrize("level", ["template", "operator"])
def test_solo_miners_answer_for_themselves(tmp_path: Path, level: str) -> None:
    rows = f'[[membership]]\npool = "solock"\n{level} = "somebody"\nconfidence = "low"\nsource = "a guess"\n'
    assert (level, PoolSlug("solock")) not in asked(own(tmp_path, rows))
