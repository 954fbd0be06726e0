"""`pool-monitor economy`."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from monitor.cli.economy.command import economy as command
from monitor.store.store import Store

DATA = Path(__file__).parents[2] / "data" / "economy"
WEEK = "date,model_permaslug,total_tokens\n" + "".join(
    f"2026-10-0{day},{author}/model,{1 + n}\n" for day in range(1, 8) for n, author in enumerate("abcdefghijkl")
)


@pytest.fixture
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    found = f"sqlite:///{tmp_path}/b.sqlite"
    monkeypatch.setenv("POOL_MONITOR_STORE__URL", found)
    return found


@pytest.fixture
def stored(url: str) -> str:
    async def make() -> None:
        async with await Store.open(url):
            pass

    asyncio.run(make())
    return url


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(command, [*map(str, arguments)], env={"COLUMNS": "100"})


@pytest.mark.usefixtures("url")
def test_it_shows_the_shipped_editions_without_a_database() -> None:
    shown = run("show")
    assert shown.exit_code == 0, shown.output
    assert "6.4 to 9.9" in shown.stdout
    assert "ownership: Google 25 %, Microsoft 17 %, Amazon 12 %; 3 for more than half" in shown.stdout
    assert "Edge and on-device, AI side: not measured: no public source" in shown.stdout
    assert (
        "Epoch AI, “Data on AI Chip Owners”, epoch.ai/data/ai-chip-owners, as of 2026-04-22. CC BY 4.0." in shown.stdout
    )
    assert "Licensed under CC BY 4.0." in shown.stdout


@pytest.mark.usefixtures("url")
def test_json_is_that_of_the_api() -> None:
    shown = json.loads(run("show", "--json").stdout)
    assert shown["updated"] == "off"
    assert [each["key"] for each in shown["comparisons"]][:2] == ["designer", "owner"]


@pytest.mark.usefixtures("stored")
def test_a_file_becomes_the_edition_in_use(tmp_path: Path) -> None:
    path = tmp_path / "rankings.csv"
    path.write_text(WEEK)
    os.utime(path, (1_791_500_000, 1_791_500_000))
    taken = run("update", "--from", path)
    assert taken.exit_code == 0, taken.output
    assert taken.stdout.startswith("openrouter: 7 periods from 2026-10-01 to 2026-10-07, edition ")
    assert "7 days to 2026-10-07" in run("show").stdout


@pytest.mark.usefixtures("stored")
def test_a_refused_file_changes_nothing_and_the_others_are_taken(tmp_path: Path) -> None:
    good, bad = tmp_path / "rankings.csv", tmp_path / "page.html"
    good.write_text(WEEK)
    bad.write_text("<html>")
    taken = run("update", "--from", bad, "--from", good, "--from", tmp_path / "missing.csv")
    assert taken.exit_code == 1
    assert "page.html: no source has such a file" in taken.stderr
    assert "missing.csv" in taken.stderr
    assert "openrouter: 7 periods" in taken.stdout


@pytest.mark.usefixtures("stored")
def test_an_unknown_source_is_named_with_the_known_ones() -> None:
    assert "choose one of: epoch, openrouter, huggingface" in str(run("update", "--source", "akash").exception)


@pytest.mark.usefixtures("url")
def test_an_update_needs_the_database_of_a_daemon(tmp_path: Path) -> None:
    assert "start the daemon first" in str(run("update", "--from", tmp_path / "x.csv").exception)
