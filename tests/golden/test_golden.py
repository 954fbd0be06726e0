"""Real coinbases against the names that independent systems gave them."""

import gzip
import json
import re
from collections import Counter
from io import BytesIO
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from monitor.cli.attribute.inputs import from_lines
from monitor.cli.attribute.rows import Judge
from monitor.registry.loading import load_registry

HERE = Path(__file__).parent
FILES = ("coinbases.jsonl.gz", "coinbases_2026.jsonl.gz")
LEAST_AGREEMENT = 0.998

Judged: TypeAlias = list[tuple[dict[str, Any], dict[str, Any]]]
"""Golden lines, each with our answer."""


@pytest.fixture(scope="module")
def judged() -> Judged:
    data = b"".join(gzip.decompress((HERE / name).read_bytes()) for name in FILES)
    labels = [json.loads(line) for line in data.splitlines()]
    return list(zip(labels, map(Judge(load_registry()).row, from_lines(BytesIO(data), "main")), strict=True))


def listed() -> dict[int, tuple[str, str]]:
    rows = re.findall(
        r"^\| (\d+) \| (\w+) \| (\w+) \| (.+) \|$", (HERE / "differences.md").read_text("utf-8"), re.MULTILINE
    )
    assert all(len(reason) > 20 for _, _, _, reason in rows)
    return {int(height): (label, ours) for height, label, ours, _ in rows}


def test_every_difference_is_listed_with_its_reason_and_none_is_listed_in_vain(
    judged: Judged,
) -> None:
    found = {
        label["height"]: (label["slug_norm"], row["pool_slug"] or "unknown")
        for label, row in judged
        if "slug_norm" in label and label["slug_norm"] != (row["pool_slug"] or "unknown")
    }
    assert found == listed()


def test_we_agree_with_nearly_all_labels(judged: Judged) -> None:
    scored = [(label["slug_norm"], row["pool_slug"] or "unknown") for label, row in judged if "slug_norm" in label]
    agreed = sum(label == ours for label, ours in scored)
    assert agreed / len(scored) >= LEAST_AGREEMENT


def test_every_coinbase_is_read(judged: Judged) -> None:
    assert not [row for _, row in judged if "error" in row]
    assert len(judged) == 3346 + 58


def test_a_software_signature_names_no_pool(judged: Judged) -> None:
    unscored = [row["pool_slug"] for label, row in judged[:3346] if "slug_norm" not in label]
    assert unscored == [None] * 5


def test_every_coinbase_of_2024_to_2026_is_attributed(judged: Judged) -> None:
    found = Counter(row["confidence"] for label, row in judged[3346:])
    assert found == {"high": 51, "low": 7}


def test_real_coinbases_rarely_contradict_themselves(judged: Judged) -> None:
    assert Counter(row["conflict"] for _, row in judged)[True] == 0


def test_commitments_of_other_chains_are_in_the_set(judged: Judged) -> None:
    """Else the golden set would not prove that they are told from tags."""
    scripts = "".join(label["script_hex"] + json.dumps(label.get("outputs", [])) for label, _ in judged)
    for mark in ("fabe6d6d", "52534b424c4f434b3a", "48617468", "434f5245", "4558534154", "b9e11b6d", "aa21a9ed"):
        assert mark in scripts
