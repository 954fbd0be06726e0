"""Pools with jobs of a real node's templates, and a daemon that watches them: who shares, and who does not."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from support.bitcoind import Bitcoind
from support.command import pool_monitor
from support.daemon import Daemon, environment
from support.services import wait_until
from support.stratum import StratumServer, Template, job
from support.wallet import Wallet

pytestmark = [pytest.mark.service("bitcoind"), pytest.mark.timeout(600)]  # dozens of blocks, with a job of each pool

Start = Callable[..., Daemon]
SHARING = ("antpool", "poolin")
ALONE = ("f2pool", "viabtc")
EACH = 20
"""Transactions of a template: those with fewer than 16 are not compared."""
ROUNDS = 12
"""Blocks: two are not over at the end, and evidence needs ten."""


class Pools:
    """Four pools; two of them have the same templates, and the others leave out a transaction each."""

    def __init__(self, node: Bitcoind, servers: dict[str, StratumServer]) -> None:
        self.node = node
        self.wallet = Wallet(node)
        self.servers = servers

    def announce(self) -> None:
        """A new block: a job of each pool, of the node's template."""
        whole = Template.of(self.node)
        for at, (pool, server) in enumerate(self.servers.items()):
            own = Template.of(self.node, without=whole.txids[-at:]) if pool in ALONE else whole
            server.announce(job(own, tag=f"/{pool}/".encode()))

    def mine(self) -> str:
        """A block of nobody's."""
        (found,) = self.node.call("generatetoaddress", 1, self.wallet.address)
        return str(found)


@pytest.fixture
def pools(start_bitcoind: Callable[..., Bitcoind]) -> Iterator[Pools]:
    with ExitStack() as running:
        servers = {pool: running.enter_context(StratumServer()) for pool in (*SHARING, *ALONE)}
        yield Pools(start_bitcoind("-disablewallet=0", "-fallbackfee=0.0001"), servers)


def endpoints(pools: Pools) -> str:
    return json.dumps([{"pool": pool, "url": server.url} for pool, server in pools.servers.items()])


def seen(daemon: Daemon, parent: str, pools: int = 4) -> Callable[[], bool]:
    """Whether the daemon has so many pools on a block."""

    def there() -> bool:
        found = daemon.ask("/api/v1/stratum")["pools"]
        return len([each for each in found if each["parent"] == parent]) == pools

    return there


def test_pools_that_share_are_told_from_those_that_do_not(pools: Pools, start_daemon: Start) -> None:
    node = pools.node
    daemon = start_daemon(node, stratum__endpoints=endpoints(pools), audit__enabled="false")
    daemon.wait_for(node.call("getbestblockhash"))
    for _ in range(ROUNDS):
        pools.wallet.split(EACH)  # which mines the transactions before, too
        parent = node.call("getbestblockhash")
        for _ in range(EACH):
            pools.wallet.send(10)
        wait_until(lambda: len(Template.of(node).txids) >= EACH, seconds=30, what="the template")
        pools.announce()
        wait_until(seen(daemon, parent), seconds=20, what="jobs on the new block")

    def evidence() -> Any:  # noqa: ANN401 -- JSON is whatever it is
        return daemon.ask("/api/v1/stratum")["shared"]

    wait_until(evidence, seconds=20, what="the evidence")
    (found,) = evidence()
    assert found["pools"] == [*SHARING]
    assert found["similarity"]["value"] == 1
    assert found["p"] < 0.001
    state = daemon.ask("/api/v1/stratum")
    assert state["groups"] == [[*SHARING]]
    works = {each["pool"]: each for each in state["pools"]}
    assert works["antpool"]["group"] == works["poolin"]["group"] == 1
    assert works["f2pool"]["group"] is works["viabtc"]["group"] is None
    assert {each["position"] for each in works.values()} == {"tip"}
    assert works["antpool"]["attributed"] == "antpool"
    assert min(each["pace"]["lag_seconds"]["value"] for each in works.values()) < 1
    page = daemon.text("/stratum")
    assert "AntPool" in page
    assert "together" in page
    assert daemon.metric('pool_monitor_stratum_template_similarity_ratio{other="poolin",pool="antpool"}') == 1
    assert {method for server in pools.servers.values() for method in server.methods()} == {"mining.subscribe"}
    url = f"http://127.0.0.1:{daemon.port}"
    done = pool_monitor("stratum", "--url", url, folder=daemon.folder, environment=daemon.environment)
    assert "Shared templates" in done.stdout
    done = pool_monitor("registry", "proposals", folder=daemon.folder, environment=daemon.environment)
    assert "announced" in done.stdout, done.stdout + done.stderr

    daemon.kill()
    daemon.start()
    daemon.wait_for(node.call("getbestblockhash"))
    wait_until(seen(daemon, parent), seconds=30, what="the pools after a restart")
    assert daemon.ask("/api/v1/stratum")["shared"][0]["pools"] == [*SHARING], "what was found is stored"
    assert daemon.stop(signal.SIGTERM) == 0


def test_a_pool_on_another_branch_and_a_faulty_job_are_seen(pools: Pools, start_daemon: Start) -> None:
    node = pools.node
    daemon = start_daemon(node, stratum__endpoints=endpoints(pools), audit__enabled="false")
    stale = pools.mine()
    daemon.wait_for(stale)
    before = Template.of(node)
    node.call("invalidateblock", stale)
    tips = node.call("generatetoaddress", 2, pools.wallet.node.call("getnewaddress"))
    daemon.wait_for(tips[-1])
    whole = Template.of(node)
    faulty = Template(whole.parent, whole.height, 0x1D00FFFF, whole.time, whole.txids, whole.value)
    for pool, server in pools.servers.items():
        server.announce(job(before if pool == "antpool" else whole if pool == "poolin" else faulty))

    def state() -> Any:  # noqa: ANN401 -- JSON is whatever it is
        return daemon.ask("/api/v1/stratum")

    wait_until(lambda: len(state()["faults"]) == 1 and all(each["parent"] for each in state()["pools"]), seconds=20,
               what="the jobs")  # fmt: skip
    positions = {each["pool"]: each["position"] for each in state()["pools"]}
    assert positions == {"antpool": "branch", "poolin": "tip", "f2pool": "tip", "viabtc": "tip"}
    (fault,) = state()["faults"]
    assert (fault["kind"], {*fault["pools"]}) == ("bits", {"f2pool", "viabtc"})
    assert len(daemon.events("faulty job")) == 1


def test_hostile_servers_delay_neither_blocks_nor_the_end(pools: Pools, start_daemon: Start) -> None:
    async def flood(reader: Any, writer: Any) -> None:  # noqa: ANN401
        await reader.readline()
        while True:
            writer.write(b"[" * 60_000 + b"\n")
            await writer.drain()

    node = pools.node
    with ExitStack() as running:
        hostile = [running.enter_context(StratumServer(handler=flood)) for _ in range(6)]
        listed = [{"pool": f"hostile{at}", "url": server.url} for at, server in enumerate(hostile)]
        daemon = start_daemon(
            node, stratum__endpoints=json.dumps([*json.loads(endpoints(pools)), *listed]), audit__enabled="false"
        )
        pools.announce()
        for _ in range(5):
            daemon.wait_for(pools.mine(), seconds=5)
        pools.announce()
        wait_until(seen(daemon, node.call("getbestblockhash")), seconds=20, what="the honest pools")
        assert daemon.events("output failed, restarting") == []
        assert daemon.stop(signal.SIGTERM) == 0


def test_a_probe_prints_what_a_server_says(pools: Pools, tmp_path: Path) -> None:
    pools.announce()
    server = pools.servers["antpool"]
    at: Any = {"folder": tmp_path, "environment": environment(node__network="regtest")}

    done = pool_monitor("stratum", "probe", f"127.0.0.1:{server.port}", **at)
    as_json = pool_monitor("stratum", "probe", server.url, "--json", "--user", "me", **at)

    assert "antpool" in done.stdout
    (said,) = map(json.loads, as_json.stdout.splitlines())
    assert said["parent"] == pools.node.call("getbestblockhash")
    assert said["payouts"][0]["value_sat"] == Template.of(pools.node).value
    assert server.methods() == ["mining.subscribe", "mining.subscribe", "mining.authorize"]
