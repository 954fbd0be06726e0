"""The past as OpenMetrics: what is written is what was true at each step."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from prometheus_client import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from prometheus_client.samples import Sample
from support.stored import FIRST, store_mainnet
from typer.testing import CliRunner

from monitor.analysis import BlockTable, concentrate
from monitor.cli.main import cli
from monitor.config import Config, StoreSection
from monitor.errors import InputError
from monitor.export.history import ExportOptions, export_history
from monitor.model import PREFIX, BlockRow, Judged, Window
from monitor.outputs.metrics import CATALOGUE
from monitor.processing.levels import levels
from monitor.processing.stored_blocks import Span
from monitor.registry.loading import load_registry

BLOCKS = 2000
DAY = 86_400
WINDOWS = [Window.parse(name) for name in ("24h", "7d", "144b")]


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return Config(store=StoreSection(url=f"sqlite:///{tmp_path / 'blocks.sqlite'}"))


@pytest.fixture
async def stored(config: Config) -> list[Judged]:
    return await store_mainnet(config.store.url, BLOCKS)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Metric]:
    """All of it, by day."""
    folder = tmp_path_factory.mktemp("whole")
    config = Config(store=StoreSection(url=f"sqlite:///{folder / 'blocks.sqlite'}"))

    async def written() -> dict[str, Metric]:
        await store_mainnet(config.store.url, BLOCKS)
        return await history(config, folder, ExportOptions(DAY, WINDOWS))

    return asyncio.run(written())


async def history(config: Config, folder: Path, wanted: ExportOptions) -> dict[str, Metric]:
    """What is written, by name, as the strictest reader takes it."""
    file = folder / "history.txt"
    written = await export_history(config, wanted, file)
    text = file.read_text()
    assert text.endswith("# EOF\n")
    families = {family.name: family for family in text_string_to_metric_families(text)}
    assert sum(len(family.samples) for family in families.values()) == written
    return families


def moment_of(sample: Sample) -> int:
    assert sample.timestamp is not None
    return int(float(sample.timestamp))


def values(family: Metric) -> dict[tuple[object, ...], float]:
    return {(moment_of(each), *sorted(each.labels.items())): each.value for each in family.samples}


def value(families: dict[str, Metric], name: str, time: int, **labels: str) -> float:
    (found,) = [
        sample.value
        for sample in families[f"{PREFIX}_{name}"].samples
        if moment_of(sample) == time and sample.labels == labels
    ]
    return found


def test_each_number_is_that_of_the_chain_as_it_was_then(stored: list[Judged], whole: dict[str, Metric]) -> None:
    moments = sorted({moment_of(sample) for sample in whole[f"{PREFIX}_block_height"].samples})
    first, last = stored[0].block.header.time, stored[-1].block.header.time
    assert moments == list(range(first + -first % DAY, last, DAY))
    moment = moments[9]
    until = next(n for n, each in enumerate(stored) if each.block.header.time > moment)
    rows = [
        BlockRow(each.block.height, each.block.header.time, each.block.header.bits, each.attribution.pool)
        for each in stored[:until]
    ]
    assert value(whole, "block_height", moment) == rows[-1].height
    for each in concentrate(BlockTable.of(rows, levels(load_registry())), WINDOWS):
        assert each.split
        assert each.merged
        where = {"level": each.level, "window": each.window.name}
        assert value(whole, "hhi", moment, unknown="split", **where) == each.split.hhi
        assert value(whole, "nakamoto_coefficient", moment, unknown="merged", **where) == each.merged.nakamoto
        largest = each.shares[0]
        assert value(whole, "share_ratio", moment, entity=largest.entity, **where) == largest.share


def test_names_and_types_are_those_of_the_catalogue(whole: dict[str, Metric]) -> None:
    catalogue = {each.full_name: each for each in CATALOGUE}
    assert set(whole) <= set(catalogue)
    for name, family in whole.items():
        assert family.documentation == catalogue[name].help
        assert family.type == "gauge"
        assert set(family.samples[0].labels) == set(catalogue[name].labels)
    assert {f"{PREFIX}_{name}" for name in ("hhi", "share_ratio", "share_sampling_lower_ratio", "difficulty")} <= set(
        whole
    )


@pytest.mark.usefixtures("stored")
async def test_a_part_says_what_the_whole_says(config: Config, tmp_path: Path, whole: dict[str, Metric]) -> None:
    part = await history(config, tmp_path, ExportOptions(DAY, WINDOWS, Span(FIRST + 1500, FIRST + 1800)))

    for name, family in part.items():
        found, expected = values(family), values(whole[name])
        assert found == pytest.approx({key: expected[key] for key in found})
    heights = [sample.value for sample in part[f"{PREFIX}_block_height"].samples]
    assert FIRST + 1500 <= heights[0] < FIRST + 1700
    assert FIRST + 1600 < heights[-1] <= FIRST + 1800


@pytest.mark.usefixtures("stored")
async def test_every_series_has_the_labels_that_were_asked_for(config: Config, tmp_path: Path) -> None:
    wanted = ExportOptions(DAY, WINDOWS[:1], Span(FIRST + 1500), {"job": 'a "quoted"\\job'})
    families = await history(config, tmp_path, wanted)

    jobs = {sample.labels["job"] for family in families.values() for sample in family.samples}
    assert jobs == {'a "quoted"\\job'}
    with pytest.raises(InputError, match="already have a label level"):
        await history(config, tmp_path, ExportOptions(DAY, WINDOWS, labels={"level": "pool"}))


@pytest.mark.parametrize(
    ("option", "complaint"),
    [("--step=5b", "invalid step"), ("--windows=7d,soon", "invalid window"), ("--label=job", "invalid label")],
)
def test_the_command_refuses_what_it_cannot_read(option: str, complaint: str) -> None:
    done = CliRunner().invoke(cli, ["export", "openmetrics", option], env={"COLUMNS": "200"})

    assert done.exit_code == 2
    assert complaint in done.output


def test_the_command_writes_the_windows_and_labels_that_were_asked_for(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'b.sqlite'}"
    asyncio.run(store_mainnet(url, 500))

    options = ["--step=12h", "--windows=24h, 7d", "--label=job=pool-monitor"]
    done = CliRunner().invoke(cli, ["export", "openmetrics", *options], env={"POOL_MONITOR_STORE__URL": url})

    assert done.exit_code == 0, done.output
    samples = [sample for family in text_string_to_metric_families(done.stdout) for sample in family.samples]
    assert {sample.labels.get("window") for sample in samples} == {None, "24h", "7d"}
    assert {sample.labels["job"] for sample in samples} == {"pool-monitor"}
