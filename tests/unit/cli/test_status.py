"""What the terminal shows, as a function of what the API said."""

from __future__ import annotations

import io
from typing import Any, Literal

import pytest
from rich.console import Console, RenderableType

from monitor.cli.status.client import Status, _printable
from monitor.cli.status.tables import Bar, ago, seconds
from monitor.cli.status.view import Shown, View, as_screen, as_view

NOW = seconds("2026-01-01T00:10:00Z")


def drawn(what: RenderableType, *, width: int = 120, height: int = 40, colour: bool = False) -> str:
    out = io.StringIO()
    system: Literal["standard"] | None = "standard" if colour else None
    Console(file=out, width=width, height=height, force_terminal=colour, color_system=system).print(what)
    return out.getvalue()


def block(height: int, **differs: object) -> dict[str, Any]:
    usual = {
        "height": height, "time": "2026-01-01T00:06:00Z", "pool_name": "AntPool", "tx_count": 3000,
        "method": "tag", "evidence": "/AntPool/", "stale": False, "conflict": False,
    }  # fmt: skip
    return usual | differs


def share(name: str, part: float) -> dict[str, Any]:
    sure = {
        "lower": part * 0.8, "upper": part * 1.2, "sampling_lower": part * 0.9, "sampling_upper": part * 1.1,
    }  # fmt: skip
    return {"entity": name.lower(), "name": name, "blocks": round(part * 100), "share": part, **sure}


def window(name: str, **differs: object) -> dict[str, Any]:
    low = {"nakamoto": 3, "hhi_unbiased": 1400.0, "effective_entities": 6.9, "top_share": {"1": 0.3}}
    high = {**low, "nakamoto": 2, "hhi_unbiased": 1500.0}
    combined = {"hhi": {"lower": 1300.0, "upper": 1600.0}, "nakamoto": {"lower": 2, "upper": 4}}
    found = {"level": "pool", "window": name, "blocks": 100, "unknown": 2, "split": low, "merged": high}
    return found | {"headline_hhi": 1402.0, "estimates": {"combined": combined, "trend": None}} | differs


def status(**differs: Any) -> Status:  # noqa: ANN401
    state = {
        "ready": True, "waiting": None, "version": "0.1.0", "windows": ["24h", "1y"],
        "tip": {"height": 9, "time": "2026-01-01T00:06:00Z", "pool_name": "AntPool"},
        "node": {"network": "main", "version": "Satoshi:30.0.0", "pruned": False, "first_height": 0},
    }  # fmt: skip
    told = {
        "status": state,
        "concentration": [window("24h"), window("1y", blocks=50_000)],
        "shares": [
            {"level": "pool", "window": "24h", "blocks": 100, "shares": [share("Foundry", 0.3), share("AntPool", 0.2)]},
            {"level": "pool", "window": "1y", "blocks": 50_000, "shares": [share("Foundry", 0.25)]},
        ],
        "now": [share("Foundry", 0.28)],
        "blocks": [block(9), block(8)],
        "alerts": [],
    }
    return Status(**(told | differs))


def alert(severity: str, **differs: object) -> dict[str, Any]:
    usual = {"rule": "majority", "severity": severity, "state": "firing", "since": "2026-01-01T00:00:00Z"}
    return usual | {"summary": f"something {severity}"} | differs


# -- the text ----------------------------------------------------------------------------------------------------------


def test_each_number_that_depends_on_the_unknown_blocks_is_two() -> None:
    shown = drawn(as_view(status()))

    assert " 2-3 " in shown


def test_the_hhi_is_the_headline_with_its_published_interval() -> None:
    shown = drawn(as_view(status()))

    assert " 1,402 " in shown
    assert "1,300-1,600" in shown


def test_effective_entities_are_those_of_the_headline() -> None:
    [row] = (line for line in drawn(as_view(status())).splitlines() if "1,402" in line and " 100 " in line)

    assert " 7.1 " in row, "10,000 / 1,402; as counted there are 6.9"
    scattered = window("24h", headline_hhi=0.0, blocks=4)
    assert " 0 " in drawn(as_view(status(concentration=[scattered]))), "as many miners as blocks: no number"


def test_the_largest_share_is_two_where_all_unknown_blocks_may_be_one_miners() -> None:
    split, merged = ({**window("24h")["split"], "top_share": {"1": part}} for part in (0.403, 0.56))
    shown = drawn(as_view(status(concentration=[window("24h", split=split, merged=merged)])), width=140)

    assert "40.3%-56.0%" in shown


def test_shares_now_are_beside_those_of_the_window() -> None:
    shown = drawn(as_view(status()))

    assert "28.0%" in next(line for line in shown.splitlines() if "Foundry" in line and "30.0%" in line)


def test_an_entity_that_may_have_many_blocks_is_shown_without_one() -> None:
    possible = share("Nowhere", 0.0) | {"lower": 0.0, "upper": 0.6}
    little = share("Nothing", 0.0) | {"lower": 0.0, "upper": 0.001}
    most = [share(f"Pool {number}", 0.05) for number in range(20)]
    shown = drawn(as_view(status(shares=[status().shares[0] | {"shares": [*most, possible, little]}])))

    assert "0.0-60.0%" in next(line for line in shown.splitlines() if "Nowhere" in line)
    assert "Nothing" not in shown


def test_before_the_estimates_are_there_a_share_has_no_interval() -> None:
    early = share("Foundry", 0.3) | {"lower": None, "upper": None}
    shown = drawn(as_view(status(shares=[status().shares[0] | {"shares": [early]}], now=[])))

    assert "30.0%" in shown
    assert "36.0%" not in shown


def test_the_chosen_window_is_shown_beside_the_longest() -> None:
    assert "24h, 100 blocks (usual: 1y)" in drawn(as_view(status()))
    assert "1y, 50,000 blocks (usual: 1y)" in drawn(as_view(status(window="1y")))


def test_without_blocks_it_says_what_it_waits_for() -> None:
    state = status().status | {"ready": False, "waiting": "the node does not answer", "tip": None, "node": None}

    assert "waiting: the node does not answer" in drawn(as_view(Status(state, [], [], now=[], blocks=[], alerts=[])))


def test_before_the_estimates_are_there_their_columns_are_empty() -> None:
    early = window("24h", estimates=None)

    assert " 1,402 " in drawn(as_view(status(concentration=[early])))


def test_a_window_without_blocks_is_left_out() -> None:
    empty = window("24h", split=None, merged=None)

    assert drawn(as_view(status(concentration=[empty, window("1y")]))).count(" 1,402 ") == 1


@pytest.mark.parametrize(
    ("rising", "sign"), [(0.99, "↑ 99%"), (0.6, "→"), (0.01, "↓ 99%")], ids=["rises", "nobody knows", "falls"]
)
def test_a_trend_is_an_arrow_once_it_is_sure(rising: float, sign: str) -> None:
    likely = window("1y")["estimates"] | {"trend": {"rising": rising}}

    assert sign in drawn(as_view(status(concentration=[window("1y", estimates=likely)])))


# -- words beside colours ----------------------------------------------------------------------------------------------


def test_what_colours_say_words_say_too() -> None:
    odd = [block(9, stale=True), block(8, conflict=True), block(7, tx_count=1), block(6, pool_name=None)]
    shown = drawn(as_view(status(blocks=odd, alerts=[alert("critical"), alert("info")])))

    for word in ("NOT COUNTED", "CONFLICT", "EMPTY", "unknown", "!! critical", "i info", "something critical"):
        assert word in shown


def test_alerts_that_are_over_are_no_news_and_pending_ones_say_so() -> None:
    found = [alert("warning", state="resolved", summary="over"), alert("warning", state="pending")]
    shown = drawn(as_view(status(alerts=found)))

    assert "over" not in shown
    assert "pending: something warning" in shown


def test_only_colours_that_can_be_read_on_light_and_dark_are_used() -> None:
    shown = drawn(as_view(status(alerts=[alert("critical"), alert("warning")])), colour=True)

    assert "\x1b[" in shown
    assert not any(f"\x1b[{code}m" in shown or f";{code}m" in shown for code in ("30", "33", "37", "93", "97"))


# -- texts of others ---------------------------------------------------------------------------------------------------


def test_names_are_texts_and_no_markup() -> None:
    hostile = [block(9, pool_name="[red]x[/]", evidence="[/nothing]")]

    assert "[red]x[/]" in drawn(as_view(status(blocks=hostile)))


def test_a_terminal_is_never_told_what_to_do() -> None:
    assert _printable({"a": ["\x1b[2Jx\r\n", 1, None], "b": "ok"}) == {"a": ["�[2Jx��", 1, None], "b": "ok"}


# -- the bar -----------------------------------------------------------------------------------------------------------


def test_a_bar_is_solid_as_far_as_is_sure_and_has_a_mark() -> None:
    assert drawn(Bar(0.25, 0.2, 0.3, 0.5), width=20).rstrip("\n") == "████████▒▒┃▒"


@pytest.mark.parametrize("width", [1, 2, 7, 40])
@pytest.mark.parametrize("sizes", [(0, 0, 0.01), (1, 0.97, 1), (0.5, 0.4, 0.6), (0.001, 0.0001, 0.002)])
def test_a_bar_is_never_wider_than_its_place(width: int, sizes: tuple[float, float, float]) -> None:
    assert 1 <= len(drawn(Bar(*sizes, full=sizes[2]), width=width).rstrip("\n")) <= width


# -- the screen --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("width", "height"), [(200, 60), (160, 20), (120, 30), (80, 24), (40, 12), (30, 8), (12, 5)])
def test_a_screen_fills_its_size_and_no_more(width: int, height: int) -> None:
    found = status(blocks=[block(n) for n in range(30)], alerts=[alert("critical")] * 9)
    shown = drawn(as_screen(Shown(found, NOW), width=width, height=height), width=width, height=height)

    lines = shown.rstrip("\n").split("\n")
    assert len(lines) == height
    assert max(map(len, lines)) <= width
    assert " q  quit"[:width] in lines[-1]


def test_a_small_screen_has_the_indices_the_largest_shares_and_one_line_of_alerts() -> None:
    windows = [window(name) for name in ("24h", "3d", "7d", "30d", "90d", "1y", "2016b")]
    found = status(concentration=windows, alerts=[alert("info"), alert("critical"), alert("info")])
    shown = drawn(as_screen(Shown(found, NOW), width=80, height=24), width=80, height=24)
    assert "critical: something critical (and 2 more: a)" in shown
    assert "2016b" in shown
    assert "Foundry" in shown
    assert shown.index("Nakamoto") < shown.index("Foundry")


def test_alerts_and_help_are_pages_and_lists_scroll() -> None:
    found = status(alerts=[alert("info", summary=f"number {at}") for at in range(30)])
    view = View().after("a")
    assert view.page == "alerts"
    assert view.after("a").page == "numbers"
    scrolled = view.after("j").after("j").after("k")
    shown = drawn(as_screen(Shown(found, NOW, scrolled), width=80, height=24), width=80, height=24)
    assert "number 1 " in shown
    assert "number 0 " not in shown
    keys = drawn(as_screen(Shown(found, NOW, View().after("?")), width=120, height=30), width=120, height=30)
    assert "fewest entities with more than half of the blocks" in keys
    shares = [share(f"Pool {at}", 0.03) for at in range(30)]
    many = status(shares=[{"level": "pool", "window": "24h", "blocks": 100, "shares": shares}])
    end = drawn(as_screen(Shown(many, NOW, View(skipped=50)), width=120, height=40), width=120)
    assert "Pool 29" in end
    assert "Pool 0 " not in end


def test_a_screen_tells_ages_and_trouble() -> None:
    found = status()
    shown = drawn(as_screen(Shown(found, NOW, trouble="no pool-monitor answers"), width=120, height=40))

    assert "4 min ago" in shown
    assert "! no pool-monitor answers" in shown
    assert " q  quit" in shown


def test_a_screen_without_blocks_says_so() -> None:
    empty = Status(status().status | {"tip": None}, [], [], now=[], blocks=[], alerts=[])

    assert "no block is stored yet" in drawn(as_screen(Shown(empty, NOW), width=80, height=20))


@pytest.mark.parametrize(
    ("span", "words"), [(-5, "0 s"), (59, "59 s"), (600, "10 min"), (4 * 3600, "4 h"), (5 * 86_400, "5 days")]
)
def test_spans_are_told_roughly(span: float, words: str) -> None:
    assert ago(span) == words
