"""Without extras everything works but what an extra is for, and that names the extra."""

from __future__ import annotations

import asyncio
import json
import subprocess
from pathlib import Path

import pytest
from support.core import missing, pool_monitor
from support.daemon import environment
from support.demo import Demo
from support.services import get
from support.stored import store_mainnet

MONTH = Path(__file__).parents[1] / "data" / "mainnet_2024_09.parquet"
BLOCKS = 300


def run(*arguments: object, **settings: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*pool_monitor(), *map(str, arguments)], env=environment(**settings), capture_output=True, text=True,
        check=False,
    )  # fmt: skip


def test_what_the_extras_bring_is_not_in_the_core() -> None:
    assert {"apprise", "pyarrow", "requests", "pandas"} <= missing()
    assert not {"monitor", "aiohttp", "numpy", "sqlalchemy", "typer"} & missing()


def test_the_demo_runs(tmp_path: Path) -> None:
    with Demo(tmp_path, seconds=600, command=pool_monitor()) as demo:
        demo.wait_until_ready()
        assert get(demo.port, "/").startswith(b"<!doctype html>")


def test_csv_is_exported_and_read_back(tmp_path: Path) -> None:
    store, file = f"sqlite:///{tmp_path / 'blocks.sqlite'}", tmp_path / "blocks.csv"
    asyncio.run(store_mainnet(store, BLOCKS))

    exported = run("export", "csv", "-o", file, store__url=store)
    counted = run("concentration", file, "--format", "json")

    assert exported.returncode == 0, exported.stderr
    assert counted.returncode == 0, counted.stderr
    assert json.loads(counted.stdout)["blocks"] == BLOCKS


@pytest.mark.parametrize(
    "arguments",
    [("export", "parquet"), ("concentration", MONTH), ("backtest", MONTH)],
    ids=lambda arguments: str(arguments[0]),
)
def test_parquet_names_its_extra(arguments: tuple[object, ...]) -> None:
    done = run(*arguments)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "pool-monitor: Parquet needs the extra 'parquet', which is not installed; "
        "install pool-monitor again from the wheel or checkout that it came from, with [parquet] after its path; "
        "docs/how-to/install.md has the commands\n"
    )


@pytest.mark.parametrize("command", [("check",), ("run",), ("alerts", "test")], ids=" ".join)
def test_notifications_name_their_extra_before_anything_starts(command: tuple[str, ...]) -> None:
    done = run(*command, alerts__apprise__urls='["json://127.0.0.1:9"]')

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "pool-monitor: alerts.apprise needs the extra 'notify', which is not installed; "
        "install pool-monitor again from the wheel or checkout that it came from, with [notify] after its path; "
        "docs/how-to/install.md has the commands\n"
    )
