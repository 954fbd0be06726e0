"""`pool-monitor economy`."""

from __future__ import annotations

import asyncio
import json
import os
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from monitor.cli.economy.command import economy as command
from monitor.economy import update
from monitor.model import Vintage
from monitor.store.economy import StoredEconomy
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
    result = run("show")
    assert result.exit_code == 0, result.output
    shown = result.stdout.replace("\N{EN DASH}", "-")
    assert re.search(r"ownership +2025-12-31 +\d+ d +7\.6-8\.1 \(6\.4-10\.0\) +3 \(3-4\) +undecided", shown)
    assert re.search(r"usage +2026-08-21 +\d+ d +8\.4-9\.0 +4 +undecided", shown)
    assert (
        "ownership: effective chip owners 8.5-10.0 → 7.6-8.1 in 21 months, undecided (69 % falling). "
        "Google 25 % (20-30), Microsoft 17 % (13-22), Amazon 12 % (10-15); 22 % not attributed;" in shown
    )
    assert "  Edge and on-device: no public source" in shown
    assert "Epoch AI, “Data on AI Chip Owners”, epoch.ai/data/ai-chip-owners, as of 2026-04-22. CC BY 4.0." in shown
    assert len(re.findall(r"CC BY 4\.0\. \d+ days old\.", shown)) == 2


@pytest.mark.usefixtures("url")
def test_the_table_fits_on_a_terminal_of_80_columns() -> None:
    table, _ = CliRunner().invoke(command, ["show"], env={"COLUMNS": "80"}).stdout.split("Effective entities, and")
    assert [line.split()[0] for line in table.splitlines()[3:] if line.strip()] == ["designer", "ownership", "usage"]
    assert "7.6-8.1 (6.4-10.0)" in table.replace("\N{EN DASH}", "-")


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
    assert re.search(r"usage +2026-10-07", run("show").stdout)


@pytest.mark.usefixtures("stored")
def test_a_refused_file_changes_nothing_and_the_others_are_taken(tmp_path: Path) -> None:
    good, bad = tmp_path / "rankings.csv", tmp_path / "page.html"
    good.write_text(WEEK)
    bad.write_text("<html>")
    taken = run("update", "--from", bad, "--from", good, "--from", tmp_path / "missing.csv")
    assert taken.exit_code == 1
    assert "page.html: no source has such a file: it is HTML; give the zip file" in taken.stderr
    assert "missing.csv" in taken.stderr
    assert "openrouter: 7 periods" in taken.stdout


@pytest.mark.usefixtures("stored")
def test_an_unknown_source_is_named_with_the_known_ones() -> None:
    assert "choose one of: epoch, openrouter, huggingface" in str(run("update", "--source", "akash").exception)


@pytest.mark.usefixtures("url")
def test_an_update_needs_the_database_of_a_daemon(tmp_path: Path) -> None:
    assert "start the daemon first" in str(run("update", "--from", tmp_path / "x.csv").exception)


@pytest.mark.usefixtures("stored")
def test_each_file_is_reported_as_soon_as_it_is_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = list[str]()
    monkeypatch.setattr("typer.echo", lambda text, **_: said.append(text))
    first, second = tmp_path / "rankings.csv", tmp_path / "page.html"
    first.write_text(WEEK)
    taking = update.take_file

    async def watched(path: Path, store: StoredEconomy) -> Vintage:
        assert len(said) == (path == second), "the file before it was reported"
        return await taking(path, store)

    monkeypatch.setattr("monitor.economy.offline.take_file", watched)
    second.write_text("<html>")
    assert run("update", "--from", first, "--from", second).exit_code == 1
    assert len(said) == 2
