"""Every pool that mined from 2023 to 2025 has a coinbase here that we attribute to it."""

import csv
import gzip
import json
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from monitor.cli.attribute.inputs import from_lines
from monitor.cli.attribute.rows import Judge
from monitor.registry.loading import load_registry

HERE = Path(__file__).parent
with (HERE / "miners_2023_2025.csv").open(encoding="utf-8") as table:
    MINERS = [row["pool"] for row in csv.DictReader(table)]


def agreed(path: Path) -> set[str]:
    """The labels of a file that we agree with at least once."""
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    labels: list[dict[str, Any]] = [json.loads(line) for line in data.splitlines()]
    rows = map(Judge(load_registry()).row, from_lines(BytesIO(data), "main"))
    pairs = zip(labels, rows, strict=True)
    return {row["pool_slug"] for label, row in pairs if row["pool_slug"] and row["pool_slug"] == label.get("slug_norm")}


@pytest.fixture(scope="module")
def real() -> set[str]:
    return agreed(HERE / "coinbases.jsonl.gz")


@pytest.fixture(scope="module")
def built() -> set[str]:
    return agreed(HERE / "built.jsonl")


@pytest.mark.parametrize("pool", MINERS)
def test_each_pool_is_recognised(pool: str, real: set[str], built: set[str]) -> None:
    assert pool in real | built


def test_nothing_is_built_of_which_there_is_a_real_one(real: set[str], built: set[str]) -> None:
    assert not real & built
