"""Readers of bytes of strangers refuse wrong ones with an error that is expected: a little of what `make fuzz` does."""

from __future__ import annotations

from itertools import islice

import pytest
from fuzz.targets import TARGETS
from hypothesis import given
from hypothesis import strategies as st

SEEDS = 20


@pytest.mark.parametrize("name", TARGETS)
@given(data=st.data())
def test_nothing_that_is_changed_or_cut_is_misunderstood(name: str, data: st.DataObject) -> None:
    target = TARGETS[name]
    seed = data.draw(st.sampled_from(sorted({*islice(target.seeds(), SEEDS)})))
    at = data.draw(st.integers(0, len(seed)))
    target.check(seed[:at] + data.draw(st.binary(max_size=12)) + seed[data.draw(st.integers(at, len(seed))) :])


@pytest.mark.parametrize("name", TARGETS)
def test_what_is_right_is_read(name: str) -> None:
    for seed in islice(TARGETS[name].seeds(), SEEDS):
        TARGETS[name].check(seed)
