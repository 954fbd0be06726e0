"""Colours of pools: the same everywhere, and moved by nobody who is small."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from monitor.outputs.web.pages.palette import SLOTS, slots

NAMES = st.lists(st.text(min_size=1, max_size=8), unique=True, max_size=20)


@given(NAMES)
def test_the_largest_have_a_colour_each(names: list[str]) -> None:
    found = slots(names)

    assert list(found) == names[:SLOTS]
    assert len(set(found.values())) == len(found)
    assert set(found.values()) <= set(range(SLOTS))


@given(NAMES, st.text(min_size=9, max_size=9))
def test_who_comes_last_moves_nobody(names: list[str], newcomer: str) -> None:
    before, after = slots(names), slots([*names, newcomer])

    assert {name: after[name] for name in before} == before


@given(NAMES, NAMES)
def test_who_has_a_colour_already_keeps_it(pools: list[str], groups: list[str]) -> None:
    given_slots = slots(pools)

    found = slots(groups, given=given_slots)

    assert all(found[name] == slot for name, slot in given_slots.items() if name in groups)
    assert len(set(found.values())) == len(found)
