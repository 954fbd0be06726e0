"""Several real nodes: that agree, that follow different branches, and of which one is away."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.blocks import Recipe, mine_all
from support.daemon import Daemon, environment
from support.forked import run
from support.network import Peered, agree, network, tables, until
from support.services import program

pytestmark = pytest.mark.service("bitcoind")

ANT, F2, VIA = Recipe(tag=b"/AntPool/"), Recipe(tag=b"/F2Pool/"), Recipe(tag=b"/ViaBTC/")
Nodes = dict[str, Peered]


@pytest.fixture
def nodes(scratch: Path) -> Iterator[Nodes]:
    """Three that share five blocks and are connected in a row."""
    with network(program("bitcoind"), scratch, ("home", "friend", "far")) as running:
        home, friend, far = running.values()
        home.join(friend)
        friend.join(far)
        mine_all(home, [ANT] * 5)
        agree(*running.values())
        yield running


def daemon(nodes: Nodes, folder: Path, **of_each: Any) -> Daemon:  # noqa: ANN401 -- any keys of a node
    return Daemon(folder, windows="100b", splits__seconds=0, nodes=tables(nodes, **of_each))


def relations(running: Daemon) -> dict[str, str]:
    return {each["name"]: each["relation"] for each in running.ask("/api/v1/nodes")["nodes"]}


def split(running: Daemon) -> dict[str, Any] | None:
    lasting = [each for each in running.ask("/api/v1/nodes")["splits"] if each["lasting"]]
    return lasting[0] if lasting else None


def firing(running: Daemon) -> set[str]:
    return {each["rule"] for each in running.ask("/api/v1/alerts")["alerts"] if each["state"] == "firing"}


def counted(running: Daemon) -> list[Any]:
    """The numbers of every window: shares and indices with their intervals."""
    return [running.ask(f"/api/v1/{name}?level=template")["windows"] for name in ("shares", "concentration")]


def test_nodes_that_part_and_come_together_again(nodes: Nodes, scratch: Path) -> None:
    home, friend, far = nodes.values()
    with daemon(nodes, scratch / "daemon") as running:
        running.wait_for(home.tip)
        until(lambda: set(relations(running).values()) == {"same"}, "all nodes to be on one branch")
        mine_all(home, [VIA])
        agree(*nodes.values())
        running.wait_for(home.tip)
        until(lambda: set(relations(running).values()) == {"same"}, "all nodes to follow")
        assert running.ask("/api/v1/nodes")["agree"]

        home.part()
        mine_all(home, [ANT] * 12)
        mine_all(friend, [F2] * 8 + [VIA] * 4)
        agree(friend, far)
        until(
            lambda: (found := split(running)) and [each["attributed"] for each in found["branches"]] == [12, 12],
            "both branches to be attributed",
        )
        found = split(running)
        assert found
        assert found["ancestor"]["height"] == 6
        ours, theirs = found["branches"]
        assert (ours["nodes"], ours["blocks"], ours["entities"]["pool"]) == (["home"], 12, {"antpool": 12})
        assert (theirs["nodes"], theirs["blocks"]) == (["friend", "far"], 12)
        assert theirs["entities"]["pool"] == {"f2pool": 8, "viabtc": 4}
        until(lambda: "chain_split" in firing(running), "the alert")
        assert running.metric('pool_monitor_branch_share_ratio{branch="friend",entity="f2pool",level="pool"}') == 8 / 12
        assert running.metric("pool_monitor_nodes_agree") == 0
        assert running.metric("pool_monitor_block_height") == 18

        mine_all(friend, [F2])
        home.join(friend)
        agree(*nodes.values())
        running.wait_for(home.tip)
        until(lambda: set(relations(running).values()) == {"same"}, "the split to end")
        assert split(running) is None
        until(lambda: "chain_split" not in firing(running), "the alert to be resolved")
        joined = counted(running)
        stale = [each for each in running.ask("/api/v1/blocks?limit=100")["blocks"] if each["stale"]]
        assert [each["pool_slug"] for each in stale] == ["antpool"] * 12
    with daemon(nodes, scratch / "fresh") as fresh:
        fresh.wait_for(home.tip)
        assert counted(fresh) == joined


def test_a_restart_during_a_split_is_no_all_clear(nodes: Nodes, scratch: Path) -> None:
    home, friend, far = nodes.values()
    home.part()
    mine_all(home, [ANT] * 3)
    mine_all(friend, [F2] * 3)
    agree(friend, far)
    with daemon(nodes, scratch / "daemon") as running:
        running.wait_for(home.tip)
        until(lambda: "chain_split" in firing(running), "the alert")
    with daemon(nodes, scratch / "daemon") as running:
        running.wait_for(home.tip)
        until(lambda: running.ask("/api/v1/nodes")["agree"] is False, "the nodes to say where they are")
        assert "chain_split" in firing(running)
        assert "resolved" not in [each["state"] for each in running.events("alert")]


def test_another_node_stands_in_and_the_counted_one_returns_without_a_jump(nodes: Nodes, scratch: Path) -> None:
    home, friend, _ = nodes.values()
    with daemon(nodes, scratch / "daemon", fallback_seconds=0.5) as running:
        running.wait_for(home.tip)
        home.kill()
        mine_all(friend, [F2] * 2)
        until(lambda: running.ask("/api/v1/nodes")["followed"] == "friend", "another node to stand in")
        running.wait_for(friend.tip)
        assert running.ask("/api/v1/nodes")["counted"] == "home"
        until(lambda: "node_replaced" in firing(running), "the alert")
        home.start()
        home.join(friend)
        agree(home, friend)
        until(lambda: running.ask("/api/v1/nodes")["followed"] == "home", "the counted node to return", seconds=60)
        mine_all(home, [VIA])
        running.wait_for(home.tip)
        assert running.metric("pool_monitor_reorgs_total") == 0
        assert running.events("another node stands in")[0]["node"] == "friend"


def test_a_node_on_another_branch_never_stands_in(nodes: Nodes, scratch: Path) -> None:
    home, friend, far = nodes.values()
    home.part()
    mine_all(home, [ANT])
    mine_all(friend, [F2] * 3)
    agree(friend, far)
    with daemon(nodes, scratch / "daemon", fallback_seconds=0.1) as running:
        running.wait_for(home.tip)
        home.kill()
        until(lambda: running.ask("/api/v1/status")["waiting"], "the daemon to wait")
        mine_all(friend, [F2])
        until(lambda: running.metric('pool_monitor_node_height{node="friend"}') == 9, "the observer to go on")
        assert running.ask("/api/v1/nodes")["followed"] == "home"
        assert running.metric("pool_monitor_block_height") == 6


def test_what_a_node_left_before_we_came_is_fetched(nodes: Nodes, scratch: Path) -> None:
    home, friend, _ = nodes.values()
    home.part()
    mine_all(home, [ANT] * 2)
    friend.part()
    mine_all(friend, [F2] * 3)
    home.join(friend)
    agree(home, friend)
    home.call("invalidateblock", home.call("getblockhash", 8))
    home.call("reconsiderblock", friend.tip)
    agree(home, friend)
    with daemon({"home": home}, scratch / "daemon") as running:
        running.wait_for(home.tip)
        until(
            lambda: (
                [each["pool_slug"] for each in running.ask("/api/v1/blocks")["blocks"] if each["stale"]]
                == ["antpool"] * 2
            ),
            "the stale branch to be fetched",
        )


def test_an_observer_that_is_away_spoils_nothing(nodes: Nodes, scratch: Path) -> None:
    home, friend, _ = nodes.values()
    friend.kill()
    with daemon(nodes, scratch / "daemon") as running:
        running.wait_for(home.tip)
        state = {each["name"]: each for each in running.ask("/api/v1/nodes")["nodes"]}
        assert not state["friend"]["up"]
        assert "is bitcoind running" in state["friend"]["reason"]
        mine_all(home, [VIA])
        running.wait_for(home.tip)
        friend.start()
        until(lambda: relations(running)["friend"] == "behind", "the observer to come back", seconds=60)


def test_check_looks_at_every_node_and_does_without_an_observer_as_run_does(nodes: Nodes, scratch: Path) -> None:
    nodes["far"].kill()
    settings = environment(nodes=tables(nodes), store__url=f"sqlite:///{scratch / 'blocks.sqlite'}", web__port=0)
    done = run("check", environment=settings)
    assert done.returncode == 0, done.stdout
    assert "The observer friend answers and is on Bitcoin" in done.stdout
    assert "The observer far: nothing listens at" in done.stdout
