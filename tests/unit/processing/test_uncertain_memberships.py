"""What the memberships leave open."""

from pathlib import Path

import pytest

from monitor.analysis import UncertainMembership
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
    spiderpool = asked()["country", "spiderpool"]
    assert spiderpool.answers == ((None, None), (None, "CN"))
    assert len(spiderpool.edges) == 1


def test_what_is_sure_is_not_asked() -> None:
    assert ("country", "foundryusa") not in asked()
    assert not any(level == "pool" for level, _ in asked())


def test_the_first_answer_is_the_one_that_counts() -> None:
    strict, lenient = (asked(RegistrySection(min_confidence=sure)) for sure in ("high", "low"))
    assert lenient["country", "spiderpool"].answers[0] == (None, "CN")
    assert set(lenient["country", "spiderpool"].answers) == {(None, "CN"), (None, None)}
    assert strict["country", "f2pool"].answers == ((None,), ("CN",))
    assert ("country", "f2pool") not in lenient


def test_what_the_user_says_is_sure() -> None:
    override = Override(pool="spiderpool", country="CN")
    assert ("country", "spiderpool") not in asked(RegistrySection(overrides=(override,)))


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
