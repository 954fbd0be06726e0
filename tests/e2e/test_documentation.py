"""What the pages tell people to type works when it is typed: against a real node, with a real daemon beside it.

The commands of a page are one shell session, in a folder that looks like a checkout. A block of YAML whose first line
is a comment with a file's name is that file.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from support.bitcoind import Bitcoind
from support.blocks import Recipe, mine_all
from support.daemon import Daemon, environment
from support.pages import PAGES, blocks, commands
from support.services import CHECKOUT, free_port, program
from support.stored import store_mainnet

NOT_HERE = {
    "make ": "these take minutes or never end; that they exist, and `demo` and `check` work, other tests show",
    "pool-monitor run": "never ends; one runs beside all of this",
    "pool-monitor status --watch": "never ends; has a test of its own, in a terminal",
    "python3 -m venv": "the test of the Dockerfile's steps installs by the same lines",
    "pip install": "the same",
    "pipx install": "builds and installs for minutes; the wheel has tests of its own",
    "uv": "the same",
    "npm ": "fetches the SDK of StartOS",
    "sudo apt-get": "changes the machine",
    "/opt/pool-monitor/bin/pip": "the same",
    "apt-get": "changes the machine",
    "update-ca-certificates": "changes the machine",
    "cp root-ca.crt": "somebody's own file",
    "systemctl": "no systemd runs here; the unit has its own tests",
    "chgrp": "there is no group bitcoin",
    "rm -r /opt": "takes the service away",
    "docker ": "no engine runs here; the files have their own tests",
    "sudo docker": "the same",
    "(. ~/umbrel": "this is no Umbrel",
    "kubectl": "there is no cluster; the manifests have their own tests",
    ".venv/bin/python scripts/image.py": "has a test of its own",
    "PYTHONPATH=tests python scripts/grafana_report.py": "draws for minutes; its boards and queries have tests",
    ".venv/bin/python scripts/compile_pools.py": "for maintainers, with two new lists; has tests of its own",
    "pool-monitor registry update #": "asks the internet; the one from a file is typed",
    "pool-monitor alerts test": "there is nobody to tell; has a test of its own, with real receivers",
    "sudo -u postgres": "changes the machine; the store's tests have a server of their own",
    "bitcoind -regtest": "there is no bitcoin-cli here; tests with three nodes do the same",
    "alias ": "the same",
    "home ": "the same",
    "friend ": "the same",
    "mosquitto_": "asks somebody's own broker; what is published has tests of its own, with a real one",
    "pool-monitor stratum probe": "asks somebody's own server; has tests of its own",
    "promtool tsdb": "has a test of its own, with a real Prometheus",
}
"""How a command begins that is not typed, and why."""
INSTEAD = {
    "127.0.0.1:8347": "127.0.0.1:$PORT",
    "840000": "3",
    "849999": "9",
    "/etc/": "$PWD/etc/",
    "~/pool-monitor": "$PWD/pool-monitor",
    "pool-monitor registry show --unknown": "POOL_MONITOR_STORE__URL=$STOPPED pool-monitor registry show --unknown",
    "registry update --from": "registry update --yes --from",
    "sqlite:////var/lib/pool-monitor/blocks.sqlite postgresql+psycopg://monitor@db.example/pools": "$STOPPED sqlite:///$PWD/copied.sqlite",
    "db check -c new.toml": "db check",
    "pool-monitor stale ": "POOL_MONITOR_STORE__URL=$STOPPED pool-monitor stale ",
    "pool-monitor export openmetrics": "POOL_MONITOR_STORE__URL=$STOPPED pool-monitor export openmetrics",
}
"""What is typed in place of an address, a height, or a folder of the machine's own."""


@dataclass(frozen=True)
class Place:
    """Where the commands are typed."""

    folder: Path
    variables: dict[str, str]

    def type(self, lines: list[str]) -> subprocess.CompletedProcess[str]:
        """One shell session, which ends at the first command that fails."""
        return subprocess.run(
            ["bash", "-euo", "pipefail"], input="\n".join(["set -x", *lines]), cwd=self.folder, env=self.variables,
            capture_output=True, text=True, check=False,
        )  # fmt: skip


@pytest.fixture(scope="module")
def variables() -> Iterator[dict[str, str]]:
    """The environment of the commands, with a node and a daemon for all pages."""
    asked = {str(program(name).parent) for name in ("curl", "jq", "promtool")}
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="pool-monitor-test-") as folder:
        stopped, store = (f"sqlite:///{folder}/{name}/blocks.sqlite" for name in ("stopped", "daemon"))
        Path(folder, "stopped").mkdir()
        asyncio.run(store_mainnet(stopped, 2000))
        with Bitcoind(program("bitcoind"), Path(folder, "node")) as node:
            tip = mine_all(node, [Recipe(tag=b"/AntPool/", time=1_700_000_000 + 600 * n) for n in range(12)])[-1]
            settings: dict[str, Any] = {
                "node__url": node.url, "node__cookie_file": node.cookie_file, "web__port": port,
            }  # fmt: skip
            with Daemon(Path(folder, "daemon"), **settings) as daemon:
                daemon.wait_for(tip)
                path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"], *asked])
                ours = {"PATH": path, "COLUMNS": "200", "PORT": str(port), "STOPPED": stopped}
                yield environment(store__url=store, **settings) | ours


@pytest.fixture
def place(variables: dict[str, str], scratch: Path) -> Place:
    folder = scratch / "checkout"
    (folder / "etc" / "bitcoin").mkdir(parents=True)
    (folder / "etc" / "pool-monitor").mkdir()
    (folder / "etc" / "systemd" / "system").mkdir(parents=True)
    for name in (".venv", "LICENSE", "README.md", "config", "monitor", "pyproject.toml", "requirements", "scripts"):
        (folder / name).symlink_to(CHECKOUT / name)
    shutil.copytree(CHECKOUT / "deploy", folder / "deploy")
    shutil.copy(CHECKOUT / "config" / "pools" / "upstream" / "mempool.json", folder / "pools-v2.json")
    shutil.copy(CHECKOUT / "tests" / "data" / "stale" / "stale-blocks.csv", folder / "stale-blocks.csv")
    return Place(folder, variables | {"HOME": str(scratch), "XDG_DATA_HOME": str(scratch)})


def typed(page: Path) -> list[str]:
    """What is typed of a page here."""
    found = []
    for command in commands(page):
        if not any(f"{command} #".startswith(beginning) for beginning in NOT_HERE):
            for text, instead in INSTEAD.items():
                command = command.replace(text, instead)  # noqa: PLW2901 -- one after the other
            found.append(command)
    return found


@pytest.mark.parametrize(
    "page", [page for page in PAGES if typed(page)], ids=lambda page: str(page.relative_to(CHECKOUT))
)
def test_what_a_page_says_to_type_works(page: Path, place: Place) -> None:
    for block in blocks(page):
        if name := re.match(r"# ([\w-]+\.yml)\n", block.text):
            (place.folder / name[1]).write_text(block.text)

    done = place.type(typed(page))

    assert done.returncode == 0, f"{done.stdout[-2000:]}\n{done.stderr[-3000:]}"


def test_a_command_that_fails_is_noticed(place: Place) -> None:
    assert place.type(["pool-monitor status", "pool-monitor attribute nonsense", "true"]).returncode != 0


def test_no_exception_is_left_over() -> None:
    every = [command for page in PAGES for command in commands(page)]

    assert [each for each in NOT_HERE if not any(f"{command} #".startswith(each) for command in every)] == []
    assert [each for each in INSTEAD if not any(each in command for command in every)] == []
