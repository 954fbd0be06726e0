"""`pool-monitor concentration`: files in, the documented JSON or a table out, one sentence for what cannot be read."""

import json
from pathlib import Path

import pyarrow as pa
import pytest
import typer
from pyarrow import parquet
from rich.console import Console
from typer.testing import CliRunner

from monitor.cli.concentration.command import concentration
from monitor.cli.concentration.report import Measured, as_json, as_table, measure
from monitor.errors import ConfigError, InputError
from monitor.model import Interval, Window

MONTH = Path(__file__).parents[2] / "data" / "mainnet_2024_09.parquet"
FIVE = "height,time,pool\n3,1231470173,b\n0,1231006505,a\n1,1231469665,\n2,1231469744,a\n4,1231470988,UNKNOWN\n"


@pytest.fixture
def five(tmp_path: Path) -> Path:
    return written(tmp_path, FIVE)


def written(folder: Path, text: str | bytes) -> Path:
    file = folder / "blocks.csv"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return file


def printed(found: Measured) -> str:
    console = Console(width=80)
    with console.capture() as shown:
        console.print(as_table(found))
    return shown.get()


def test_json_has_the_documented_shape(five: Path) -> None:
    found = json.loads(as_json(measure(five, level="pool", window=None)))
    assert (found["blocks"], found["unknown"]) == (5, 2)
    assert list(found["indices"]) == [
        "hhi", "hhi_unbiased", "nakamoto", "gini", "entropy_bits", "effective_entities", "theil", "top_share",
    ]  # fmt: skip
    assert found["indices"]["hhi"] == {"split": 2800.0, "merged": 3600.0}
    assert found["indices"]["nakamoto"] == {"split": 2, "merged": 2}
    assert found["indices"]["top_share"]["1"] == {"split": 0.4, "merged": 0.4}
    assert list(found["shares"]) == ["a", "b"]
    assert list(found["shares"]["a"]) == ["blocks", "share", "lower", "upper", "sampling_lower", "sampling_upper"]
    assert found["shares"]["b"]["share"] == 0.2


def test_a_window_counts_back_from_the_highest_block(five: Path) -> None:
    assert [one.entity for one in measure(five, level="pool", window=Window.parse("2b")).shares] == ["b"]
    assert measure(five, level="pool", window=Window.parse("24h")).found.blocks == 4


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.dictionary(pa.int32(), pa.string())], ids=str)
def test_parquet_says_the_same_as_csv(five: Path, tmp_path: Path, kind: pa.DataType) -> None:
    other = tmp_path / "blocks"  # recognised by its content, not by its name
    table = pa.table(
        {
            "pool": pa.array(["a", None, "a", "b", " unknown "]).cast(kind),
            "height": pa.array([0, 1, 2, 3, 4], pa.uint32()),
            "time": pa.array([1231006505, 1231469665, 1231469744, 1231470173, 1231470988]),
        }
    )
    parquet.write_table(table, other)
    assert measure(other, level="pool", window=None) == measure(five, level="pool", window=None)


def test_a_month_of_mainnet_has_the_indices_found_elsewhere() -> None:
    found = measure(MONTH, level="pool", window=None).found
    assert found.merged
    assert (found.blocks, found.unknown) == (4284, 45)
    assert round(found.merged.hhi) == 1896
    assert found.merged.nakamoto == 2
    assert [one.entity for one in found.shares[:3]] == ["foundryusa", "antpool", "viabtc"]


def test_table_shows_shares_intervals_and_both_readings() -> None:
    text = printed(measure(MONTH, level="pool", window=None))
    assert "4,284 blocks by pool, 45 of them unknown" in text
    for line in text.splitlines():
        assert len(line) <= 80
    assert "31.0%   29.7% to 32.4%" in text
    assert any(line.split() == ["HHI", "1,895", "1,896"] for line in text.splitlines())


def test_brands_of_chinese_origin_in_the_month_of_the_headline() -> None:
    measured = measure(MONTH, level="origin", window=None)
    shares = {share.entity: share for share in measured.shares}
    assert shares["CN"].share == pytest.approx(0.486, abs=0.0005)
    assert shares["CN"].lower
    assert shares["CN"].upper
    assert shares["CN"].lower < 0.486
    assert shares["CN"].upper > 0.55  # CryptoQuant, 2024-09-23
    assert shares["CN"].upper > shares["CN"].sampling_upper
    assert "47.1% to 59.2%   47.1% to 50.0%" in printed(measured)


def test_an_entity_that_may_have_blocks_is_listed_without_one() -> None:
    measured = measure(MONTH, level="country", window=None)
    chinese = next(share for share in measured.shares if share.entity == "CN")
    assert (chinese.blocks, chinese.lower) == (0, 0)
    assert chinese.upper
    assert chinese.upper > 0.5
    assert measured.combined
    assert measured.combined.nakamoto == Interval(1, 2)


def test_a_name_is_shown_as_it_is_written(tmp_path: Path) -> None:
    found = measure(written(tmp_path, "height,time,pool\n0,1231006505,[/b] 七彩神仙鱼\n"), level="pool", window=None)
    assert "[/b] 七彩神仙鱼" in printed(found)
    assert "七彩神仙鱼" in as_json(found)


def test_a_single_block_has_no_unbiased_index(tmp_path: Path) -> None:
    found = measure(written(tmp_path, "height,time,pool\n0,1231006505,a\n"), level="pool", window=None)
    assert json.loads(as_json(found))["indices"]["hhi_unbiased"] == {"split": None, "merged": None}
    assert any(line.split() == ["HHI,", "unbiased", "-", "-"] for line in printed(found).splitlines())


def test_no_file_and_no_file_either(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no file"):
        measure(tmp_path / "none.csv", level="pool", window=None)
    with pytest.raises(InputError, match="cannot be read: Is a directory"):
        measure(tmp_path, level="pool", window=None)


def test_an_unknown_level_names_the_known_ones(five: Path) -> None:
    with pytest.raises(ConfigError, match="unknown level 'planet'; choose one of: pool"):
        measure(five, level="planet", window=None)


def test_the_command(five: Path) -> None:
    command = typer.Typer()
    command.command()(concentration)
    run = CliRunner().invoke
    assert json.loads(run(command, [str(five), "--format", "json"]).stdout)["blocks"] == 5
    assert json.loads(run(command, [str(five), "--format", "json", "--window", "1b"]).stdout)["unknown"] == 1
    assert "5 blocks by pool" in run(command, [str(five)]).stdout
    refused = run(command, [str(five), "--window", "1w"])
    assert refused.exit_code == 2
    assert "invalid window" in refused.output


# -- files of strangers ------------------------------------------------------------------------------------------------


def test_a_parquet_file_that_unpacks_to_gigabytes_is_refused_in_little_memory(tmp_path: Path) -> None:
    """A dictionary has its one long text once; a hundred thousand rows refer to it."""
    rows = 100_000
    pools = pa.DictionaryArray.from_arrays(pa.array([0] * rows, pa.int32()), pa.array(["x" * 100_000]))
    file = tmp_path / "bomb.parquet"
    parquet.write_table(pa.table({"height": range(rows), "time": range(rows), "pool": pools}), file)
    before = pa.total_allocated_bytes()
    with pytest.raises(InputError, match="pool has a text of more than 1000 bytes"):
        measure(file, level="pool", window=None)
    assert file.stat().st_size < 2_000_000
    assert pa.total_allocated_bytes() - before < 100_000_000


@pytest.mark.parametrize("name", ["\x1b]0;title\x07", "a\u202eb", "x" * 201, "a\x9b31m"])
def test_a_name_that_a_terminal_would_obey_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="which is not a printable name") as refused:
        measure(written(tmp_path, f"height,time,pool\n1,1231470173,{name}\n"), level="pool", window=None)
    assert str(refused.value).isprintable()


def test_more_pools_than_there_can_be_are_refused(tmp_path: Path) -> None:
    rows = "".join(f"{height},{1231470173 + height},pool{height}\n" for height in range(10_001))
    with pytest.raises(InputError, match="more than 10,000 pools"):
        measure(written(tmp_path, "height,time,pool\n" + rows), level="pool", window=None)


def test_a_line_without_end_is_refused(tmp_path: Path) -> None:
    file = written(tmp_path, "height,time,pool\n" + "1" * 1_000_001)
    with pytest.raises(InputError, match="a line of more than 1,000,000 characters"):
        measure(file, level="pool", window=None)
