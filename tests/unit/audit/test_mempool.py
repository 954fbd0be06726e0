"""First-seen times are kept within bounds."""

from __future__ import annotations

from monitor.audit.mempool import FirstSeen


def test_the_first_time_counts() -> None:
    seen = FirstSeen()
    seen.add("a", 1.0)
    seen.add("a", 2.0)
    seen.show(["a", "b"], 3.0)

    assert (seen.time("a"), seen.time("b"), seen.time("c")) == (1.0, 3.0, None)


def test_what_has_left_is_remembered_until_there_is_no_room() -> None:
    seen = FirstSeen(most=10)
    for number in range(10):
        seen.add(f"{number}", float(number))
    seen.remove("7")
    assert seen.time("7") == 7.0

    seen.add("10", 10.0)

    assert len(seen) <= 10
    assert seen.time("7") is None
    assert seen.time("10") == 10.0


def test_a_mempool_beyond_the_limit_stays_within_it() -> None:
    seen = FirstSeen(most=100)
    seen.show(map(str, range(1000)), 1.0)

    assert len(seen) <= 100
