"""What the README says of the node and of Prometheus is true."""

from __future__ import annotations

import ast
import asyncio
import hmac
import re
import subprocess
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

from support.bitcoind import Bitcoind as RealNode
from support.services import CHECKOUT

from monitor.app.check import Grade, check
from monitor.config import Config, NodeSection, StoreSection, WebSection
from monitor.model import NO_BLOCK, BlockRef
from monitor.node.bitcoind import Bitcoind
from monitor.vitals import Vitals

README = (CHECKOUT / "README.md").read_text("utf-8")
NODE = sorted((CHECKOUT / "monitor" / "node").glob("*.py"))
WHITELIST = re.findall(r"^rpcwhitelist=pool-monitor:(.*)$", README, re.MULTILINE)[0]


def test_the_whitelist_has_exactly_the_calls_that_the_code_makes() -> None:
    assert WHITELIST.split(",") == sorted(set(_first_arguments("call")))


def test_the_readme_lists_exactly_the_rest_paths_that_the_code_reads() -> None:
    listed = re.findall(r"^\| `(\w+)/[^`]*` \|", README, re.MULTILINE)

    assert sorted(listed) == sorted({*_first_arguments("_get"), *_first_arguments("_ask")})


async def test_a_user_with_this_whitelist_can_do_everything(
    start_bitcoind: Callable[..., RealNode], tmp_path: Path
) -> None:
    salted = hmac.new(b"salt", b"secret", sha256).hexdigest()
    real = await asyncio.to_thread(
        start_bitcoind, f"-rpcauth=pool-monitor:salt${salted}", f"-rpcwhitelist=pool-monitor:{WHITELIST}",
        "-rpcwhitelistdefault=0",
    )  # fmt: skip
    await asyncio.to_thread(real.call, "generatetodescriptor", 3, "raw(51)")
    entry = {"url": real.url, "network": "regtest", "user": "pool-monitor", "password": "secret"}
    store = StoreSection(url=f"sqlite:///{tmp_path / 'blocks.sqlite'}")
    config = Config(node=NodeSection.model_validate(entry), store=store, web=WebSection(port=0))

    assert [finding.what async for finding in check(config) if finding.grade is Grade.BAD] == []

    # Without REST and ZMQ every question goes over RPC.
    vitals = Vitals()
    async with Bitcoind(NodeSection.model_validate({**entry, "rest": "off", "zmq": "off"}), vitals) as node:
        await node.ready()
        start = await node.start_for(seconds=3600, blocks=1)
        found = await node.successors(BlockRef(-1, NO_BLOCK), 10)
        block = await node.block(BlockRef(3, found[3]))
        assert start.height < 3
        assert block.hash == await node.tip()
        assert await node.is_on_main_chain(found[2])
        listening = asyncio.create_task(node.run())
        await asyncio.sleep(1)  # long enough for the long poll to be refused
        await asyncio.to_thread(real.call, "generatetodescriptor", 1, "raw(51)")
        await asyncio.wait_for(node.news(), 15)
        listening.cancel()
        assert vitals.registry.get_sample_value("pool_monitor_errors_total", {"kind": "hints"}) is None


def test_prometheus_takes_the_scrape_configuration(promtool: Path, tmp_path: Path) -> None:
    (snippet,) = re.findall(r"^```yaml\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    file = tmp_path / "prometheus.yml"
    file.write_text(snippet)

    done = subprocess.run([promtool, "check", "config", file], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr


def _first_arguments(method: str) -> Iterator[str]:
    """The texts that the node room hands to a method of this name."""
    for source in NODE:
        for node in ast.walk(ast.parse(source.read_text("utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr == method
                and node.args
                and isinstance(node.args[0], ast.Constant)
            ):
                yield str(node.args[0].value)
