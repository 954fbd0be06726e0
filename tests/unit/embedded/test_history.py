"""The shipped stretch of mainnet is complete, and goes on for ever."""

from __future__ import annotations

from hashlib import sha256
from importlib.resources import files
from itertools import islice, pairwise

from monitor.embedded.history import mainnet, onward
from monitor.wire import difficulty

FOLDER = files("monitor.embedded") / "data"


def test_the_slice_is_what_its_provenance_says() -> None:
    digest = sha256((FOLDER / "mainnet.csv.gz").read_bytes()).hexdigest()
    assert digest in (FOLDER / "README.md").read_text()


def test_it_holds_nine_thousand_blocks_without_a_gap() -> None:
    past = mainnet()
    assert [found.height for found in past] == list(range(921_341, 930_341))
    assert (past[0].time, past[0].pool) == (1_761_753_343, "antpool")
    assert (past[-1].time, past[-1].pool) == (1_767_225_598, "foundryusa")
    assert past[-1].time - past[0].time > 60 * 86_400
    assert all(abs(after.time - before.time) <= 7204 for before, after in pairwise(past))
    assert len({found.pool for found in past}) == 26


def test_the_targets_are_mainnets() -> None:
    by_height = {found.height: found.bits for found in mainnet()}
    # Known from public block explorers, in units of 10^12; the slice gets them by calculation.
    known = {921_341: 155.97, 923_328: 152.27, 925_344: 149.30, 927_360: 148.20, 929_376: 148.26, 930_340: 148.26}
    assert {height: round(difficulty(by_height[height]) / 1e12, 2) for height in known} == known


def test_after_the_end_it_begins_anew_later_and_higher() -> None:
    past = mainnet()
    coming = list(islice(onward(past, 8990), 9020))
    assert [found.height for found in coming] == list(range(930_331, 939_351))
    assert coming[:10] == list(past[8990:])
    assert [found.pool for found in coming[10:9010]] == [found.pool for found in past]
    assert coming[10].time == past[-1].time + 600
    assert coming[9010].time == coming[9009].time + 600
    assert coming[11].time - coming[10].time == past[1].time - past[0].time
