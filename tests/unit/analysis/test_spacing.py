"""How far apart blocks are."""

from support.rows import past, rows

from monitor.analysis.signals.spacing import spacing
from monitor.model import Spacing


def test_intervals_by_hand() -> None:
    found = spacing(past(rows("aaaaa", gaps=[300, 1200, -60, 600]), "2b", "9b"))
    assert found == (
        Spacing("2b", blocks=2, mean=270, median=270, longest=600, backwards=1),
        Spacing("9b", blocks=4, mean=510, median=450, longest=1200, backwards=1),
    )


def test_one_block_has_no_interval() -> None:
    assert spacing(past(rows("a"))) == (Spacing("all", 0, None, None, None, 0),)
