"""How sure: worked out once."""

from typing import NoReturn

import pytest

from monitor.analysis.uncertainty import share_probability
from monitor.analysis.uncertainty.share_probability import certainties


def test_what_was_worked_out_once_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    first = certainties([(3, 10), (1, 10), (3, 10)])
    assert first[0] == first[2] != first[1]

    def late(pairs: object) -> NoReturn:
        raise AssertionError(f"worked out again: {pairs}")

    monkeypatch.setattr(share_probability, "_evaluated", late)
    assert certainties([(1, 10), (3, 10)]) == [first[1], first[0]]


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(share_probability, "_REMEMBERED", 5)
    for blocks in range(1, 20):
        assert len(certainties([(blocks, 100), (blocks + 1, 100)])) == 2
    assert len(share_probability._known) <= 5 + 2  # noqa: SLF001 -- only memory shows it
