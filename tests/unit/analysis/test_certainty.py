"""How sure: remembered, and worked out in advance."""

from typing import NoReturn

import pytest

from monitor.analysis import POOL, Ledger, certainty, concentrate
from monitor.analysis.concentration import foresee
from monitor.model import BlockRow, PoolSlug, Window

WINDOWS = [Window.parse("1h"), Window.parse("20b")]
ROWS = [BlockRow(height, 600 * height, 0x1D00FFFF, PoolSlug("aabac"[height % 5])) for height in range(30)]


def test_what_was_foreseen_need_not_be_worked_out(monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = Ledger.of(ROWS[:-1], (POOL,))
    expected = concentrate(Ledger.of(ROWS, (POOL,)), WINDOWS)
    certainty._known.clear()
    foresee(concentrate(ledger, WINDOWS))

    def late(pairs: object) -> NoReturn:
        raise AssertionError(f"only now: {pairs}")

    monkeypatch.setattr(certainty, "_evaluated", late)
    ledger.extend(ROWS[-1:])
    assert concentrate(ledger, WINDOWS) == expected
