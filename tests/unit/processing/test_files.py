"""Files of strangers: what can be read in one way only is read, and anything else is refused with a remedy."""

import gzip
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from monitor.errors import Exit, InputError
from monitor.model import BlockRow
from monitor.processing.files import BlockFile, FileOptions, read
from monitor.registry.loading import load_registry
from monitor.registry.names import PoolNames

NAMES = PoolNames(load_registry().pools)
NOW = 1_732_000_000
HALVING = 1_713_571_767
"""Header time of block 840000: 2024-04-20 00:09:27 UTC."""
BLOCK = BlockRow(840_000, HALVING, bits=0, pool=NAMES.slug("viabtc"))
DAY = BlockRow(840_000, 1_713_571_200, bits=0, pool=NAMES.slug("viabtc"))


def read_it(folder: Path, content: str | bytes, **options: object) -> BlockFile:
    file = folder / "file"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read(file, FileOptions(**{"undated": NOW} | options), NAMES)  # type: ignore[arg-type]


def line(**cells: object) -> str:
    """A file with one block, whose height, time or pool is given."""
    row = {"height": 840_000, "time": HALVING, "pool": "viabtc"} | cells
    return "height,time,pool\n" + ",".join(f'"{cell}"' for cell in row.values()) + "\n"


# -- blocks ------------------------------------------------------------------------------------------------------------

TABLES: dict[str, str | bytes] = {
    "comma": "height,time,pool\n840000,1713571767,viabtc\n",
    "other order, other columns": "hash,pool,weight,time,height\nab,viabtc,1,1713571767,840000\n",
    "semicolon": "height;time;pool\n840000;1713571767;viabtc\n",
    "tab": "height\ttime\tpool\n840000\t1713571767\tviabtc\n",
    "pipe": "height|time|pool\n840000|1713571767|viabtc\n",
    "Excel's first line": "sep=;\r\nheight;time;pool\r\n840000;1713571767;viabtc\r\n",
    "comments and blank lines": "# blocks of 2024, by me\n\n#height,time,pool\n\n840000,1713571767,viabtc\n,,\n",
    "a separator at the end": "height,time,pool,\n840000,1713571767,viabtc,\n",
    "byte order mark": b"\xef\xbb\xbfheight,time,pool\n840000,1713571767,viabtc\n",
    "UTF-16, as Excel's Unicode text": "height\ttime\tpool\n840000\t1713571767\tviabtc\n".encode("utf-16"),
    "gzip": gzip.compress(b"height,time,pool\n840000,1713571767,viabtc\n"),
    "old Macintosh lines": "height,time,pool\r840000,1713571767,viabtc\r",
    "names with units": "Block Height;Block Time (UTC);Mining Pool\n840000;2024-04-20 00:09:27;ViaBTC\n",
    "Blockchair": "id\thash\ttime\tmedian_time\tguessed_miner\n840000\tab\t2024-04-20 00:09:27\t2024-04-20\tViaBTC\n",
    "German": "Blockhöhe;Zeit;Pool\n840000;20.04.2024 00:09:27;ViaBTC\n",
    "French": "hauteur;horodatage;mineur\n840000;2024-04-20T00:09:27Z;ViaBTC\n",
    "Spanish": "altura,fecha,minero\n840000,2024-04-20T00:09:27Z,ViaBTC\n",
    "Russian": "высота,время,пул\n840000,2024-04-20T00:09:27Z,ViaBTC\n",
    "Chinese": "区块高度,时间,矿池\n840000,2024-04-20 00:09:27,ViaBTC\n",
    "Japanese": "ブロック高,日時,マイニングプール\n840000,2024-04-20 00:09:27,ViaBTC\n",
    "JSON rows": '[{"height": 840000, "timestamp": 1713571767, "pool": "ViaBTC"}]',
    "JSON lines": '{"height": 840000, "timestamp": 1713571767, "pool": "ViaBTC"}\n' + "\n",
    "JSON columns": '{"height": [840000], "time": [1713571767], "pool": ["ViaBTC"]}',
    "JSON of an explorer": json.dumps([
        {"id": "ab", "height": 840_000, "timestamp": 1_713_571_767, "mediantime": 1, "tx_count": 2,
         "extras": {"pool": {"id": 1, "name": "ViaBTC", "slug": "viabtc"}, "feeRange": [1, 2]}},
    ]),
    "JSON in an object": '{"page": 1, "blocks": [{"height": 840000, "time": 1713571767, "miner": "ViaBTC"}]}',
}  # fmt: skip


@pytest.mark.parametrize("what", TABLES)
def test_a_table_is_read_whatever_its_form(tmp_path: Path, what: str) -> None:
    found = read_it(tmp_path, TABLES[what])
    assert found.blocks == [BLOCK]
    assert (found.dated, found.unrecognised, found.notes) == (True, {}, ())


TIMES = {
    "seconds": 1_713_571_767, "milliseconds": 1_713_571_767_000, "microseconds": 1_713_571_767_000_000,
    "nanoseconds": 1_713_571_767_000_000_000, "a fraction": "1713571767.25", "a float": "1713571767.0",
    "ISO 8601": "2024-04-20T00:09:27Z", "ISO with an offset": "2024-04-20T02:09:27+02:00",
    "ISO with a space": "2024-04-20 00:09:27", "with UTC": "2024-04-20 00:09:27 UTC",
    "PostgreSQL": "2024-04-20 00:09:27+00", "pandas": "2024-04-20 00:09:27+00:00",
    "a fraction of a date": "2024-04-20 00:09:27.250000", "slashes": "2024/4/20 00:09:27",
    "e-mail": "Sat, 20 Apr 2024 00:09:27 GMT", "a month's name": "Apr 20, 2024 00:09:27",
    "twelve hours": "20 April 2024 12:09:27 AM", "day, month": "20.04.2024 00:09:27",
    "American": "04/20/2024 12:09:27 AM", "British": "20/04/2024 00:09:27",
}  # fmt: skip


@pytest.mark.parametrize("what", TIMES)
def test_a_time_is_read_whatever_its_form(tmp_path: Path, what: str) -> None:
    assert read_it(tmp_path, line(time=TIMES[what])).blocks == [BLOCK]


@pytest.mark.parametrize("day", ["2024-04-20", "20240420", "20.4.2024", "20 Apr 2024"])
def test_a_day_is_its_beginning(tmp_path: Path, day: str) -> None:
    assert read_it(tmp_path, line(time=day)).blocks == [DAY]


def test_one_date_decides_whether_the_day_comes_first(tmp_path: Path) -> None:
    found = read_it(tmp_path, "height,time,pool\n1,03/04/2024,a\n2,13/04/2024,a\n")
    assert [datetime.fromtimestamp(block.time, UTC).date() for block in found.blocks] == [
        date(2024, 4, 3), date(2024, 4, 13),
    ]  # fmt: skip


@pytest.mark.parametrize("height", ["840000", "840000.0", "840,000", "840 000", "840\u202f000", "840'000", " 840000 "])
def test_a_height_is_read_whatever_its_form(tmp_path: Path, height: str) -> None:
    assert read_it(tmp_path, line(height=height)).blocks == [BLOCK]


@pytest.mark.parametrize(
    "pool",
    ["", "NULL", "\\N", "None", "nan", "NaN", "N/A", "#N/A", "<NA>", "unknown", "Unknown", "-", "Others", "未知"],
)
def test_no_pool_is_an_unknown_one(tmp_path: Path, pool: str) -> None:
    assert read_it(tmp_path, line(pool=pool)).blocks[0].pool is None


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Foundry USA", "foundryusa"), ("FOUNDRY USA", "foundryusa"), ("foundryusa", "foundryusa"),
        ("Foundry USA Pool", "foundryusa"), ("F2Pool", "f2pool"), ("f2pool.com", "f2pool"), ("AntPool", "antpool"),
        ("/ViaBTC/", "viabtc"), ("Binance", "binancepool"), ("SBI Crypto", "sbicrypto"), ("BTC.com", "btccom"),
    ],
)  # fmt: skip
def test_pools_are_known_by_their_names(tmp_path: Path, name: str, slug: str) -> None:
    found = read_it(tmp_path, line(pool=name))
    assert (found.blocks[0].pool, found.unrecognised) == (slug, {})


def test_names_that_no_list_has_are_counted_once_in_any_spelling(tmp_path: Path) -> None:
    rows = [(1, "Nonesuch Rocks"), (2, "NONESUCH  rocks"), (3, "antpool"), (4, "Another One")]
    found = read_it(tmp_path, "height,time,pool\n" + "".join(f"{n},{HALVING},{pool}\n" for n, pool in rows))
    assert [block.pool for block in found.blocks] == ["Nonesuch Rocks", "Nonesuch Rocks", "antpool", "Another One"]
    assert found.unrecognised == {"Nonesuch Rocks": 2, "Another One": 1}


PARQUET: dict[str, dict[str, "pa.Array[Any]"]] = {
    "bytes": {"pool": pa.array([b"viabtc"], pa.binary())},
    "large bytes": {"pool": pa.array([b"viabtc"], pa.large_binary())},
    "a dictionary": {"pool": pa.array(["viabtc"]).dictionary_encode()},
    "floats": {"height": pa.array([840_000.0]), "time": pa.array([float(HALVING)])},
    "decimals": {"height": pa.array([Decimal("840000.00")]), "time": pa.array([Decimal(HALVING)])},
    "timestamps": {"time": pa.array([datetime.fromtimestamp(HALVING, UTC)], pa.timestamp("us", "UTC"))},
    "nanoseconds without a zone": {"time": pa.array([HALVING * 10**9]).cast(pa.timestamp("ns"))},
    "texts": {"height": pa.array(["840000"]), "time": pa.array(["2024-04-20T00:09:27Z"])},
}


@pytest.mark.parametrize("what", PARQUET)
def test_parquet_is_read_whatever_its_types(tmp_path: Path, what: str) -> None:
    columns: dict[str, pa.Array[Any]] = {
        "height": pa.array([840_000]),
        "time": pa.array([HALVING]),
        "pool": pa.array(["viabtc"]),
    }
    parquet.write_table(pa.table(columns | PARQUET[what]), tmp_path / "file")
    assert read(tmp_path / "file", names=NAMES).blocks == [BLOCK]


def test_a_date_of_parquet_is_the_beginning_of_its_day(tmp_path: Path) -> None:
    columns = {"block": pa.array([840_000]), "date": pa.array([date(2024, 4, 20)]), "miner": pa.array(["ViaBTC"])}
    parquet.write_table(pa.table(columns), tmp_path / "file")
    assert read(tmp_path / "file", names=NAMES).blocks == [DAY]


def test_columns_can_be_named(tmp_path: Path) -> None:
    chosen = {"height": "h", "time": "t", "pool": "P"}
    assert read_it(tmp_path, "H;t;p\n840000;1713571767;viabtc\n", columns=chosen).blocks == [BLOCK]


def test_an_encoding_can_be_named(tmp_path: Path) -> None:
    found = read_it(tmp_path, "height,time,pool\n840000,1713571767,Börse\n".encode("cp1252"), encoding="cp1252")
    assert found.unrecognised == {"Börse": 1}


# -- blocks or shares of each pool -------------------------------------------------------------------------------------

TOTALS = {
    "counts": "pool,blocks\nFoundry USA,3\nAntPool,2\nunknown,1\n",
    "counts in any spelling": "Pool;Anzahl\nfoundryusa;1\nFoundry USA;2\nAntPool;2\nunbekannt;1\n",
    "a total": "pool,blocks\nFoundry USA,3\nAntPool,2\nOthers,1\nTotal,6\n",
    "days": "date,pool,blocks\n2024-04-20,foundryusa,2\n2024-04-21,FoundryUSA,1\n2024-04-20,antpool,2\n2024-04-21,,1\n",
    "JSON by name": '{"Foundry USA": 3, "AntPool": 2, "Unknown": 1}',
    "JSON of an explorer": json.dumps({
        "pools": [
            {"poolId": 111, "name": "Foundry USA", "blockCount": 3, "rank": 1, "slug": "foundryusa"},
            {"poolId": 73, "name": "AntPool", "blockCount": 2, "rank": 2, "slug": "antpool"},
            {"poolId": 0, "name": "Unknown", "blockCount": 1, "rank": 3, "slug": "unknown"},
        ],
        "blockCount": 6,
    }),
    "percent": "pool,share\nFoundry USA,50\nAntPool,33.3\nunknown,16.7\n",
    "percent signs and decimal commas": "Pool;Anteil\nFoundry USA;50,0 %\nAntPool;33,3 %\nunbekannt;16,7 %\n",
    "fractions": "pool,share\nFoundry USA,0.5\nAntPool,0.333\nunknown,0.167\n",
    "shares with a rest": "pool,share (%)\nFoundry USA,50\nAntPool,33.3\n",
}  # fmt: skip


@pytest.mark.parametrize("what", TOTALS)
def test_numbers_and_shares_of_blocks_are_read_as_blocks(tmp_path: Path, what: str) -> None:
    found = read_it(tmp_path, TOTALS[what], blocks=6)
    pools = [block.pool for block in found.blocks]
    assert {pool: pools.count(pool) for pool in pools} == {"foundryusa": 3, "antpool": 2, None: 1}
    assert len({block.height for block in found.blocks}) == 6
    assert found.dated == (what == "days")
    assert found.unrecognised == {}


def test_what_was_assumed_is_said(tmp_path: Path) -> None:
    assert read_it(tmp_path, TOTALS["a total"]).notes == ("the row 'Total' is the sum of the others and was left out",)
    assert read_it(tmp_path, TOTALS["shares with a rest"], blocks=6).notes == (
        "the shares sum to 83.3%; the rest counts as unknown",
    )


# -- what cannot be read -----------------------------------------------------------------------------------------------

REFUSED: dict[str, tuple[str | bytes, str]] = {
    "nothing": ("", "is empty; it needs a row for each block"),
    "names alone": ("height,time,pool\n", "has no blocks; it needs a row for each block or pool"),
    "no names": ("840000,1713571767,viabtc\n", "does not name its columns: the first line is '840000,17"),
    "no pool": ("height,time,who\n1,2,a\n", "no column of pools; its columns are: height, time, who; name it with"),
    "no height": ("h,time,pool\n1,2,a\n", "has no column of block heights; its columns are: h, time, pool; name it"),
    "two pools": ("height,time,pool,Pool\n1,2,a,b\n", "several columns of pools: pool, Pool; choose one with"),
    "shares of nothing": ("pool,share\na,50\nb,50\n", "shares without a number of blocks, so nothing can be said"),
    "no height in a row": (line(height=""), "row 1: height is empty, which is not a block height"),
    "a negative height": (line(height="-1"), "row 1: height is '-1', which is not a block height"),
    "thousands or thousandths": (
        line(height="840.000"), "height is '840.000', which can be 840 or 840000; write numbers without separators",
    ),
    "a rounded number": (line(height="8.4E+05"), "height is '8.4E+05', which is not a block height"),
    "a word for a time": (line(time="soon"), "row 1: time is 'soon', which is not a time since the first block"),
    "a time before Bitcoin": (line(time="2008-10-31"), "which is not a time since the first block"),
    "day or month": (line(time="03/04/2024"), "which can begin with the day or the month; write dates as 2024-04-20"),
    "a clock without a day": (line(time="00:09:27"), "if another column has it, add --columns time=NAME"),
    "a short row": ("height,time,pool\n1,2\n", "row 1: there are 2 values for 3 columns; quote values that"),
    "a block twice": (line() + "840000,1713571767,f2pool\n", "block 840000 twice; keep the one that is on the best"),
    "an open quote": ('height,time,pool\n1,"2,a\n', "is not a table that can be read: unexpected end of data"),
    "another encoding": (b"height,time,pool\n1,2,B\xf6rse\n", "is not in UTF-8: invalid start byte; name its encoding"),
    "UTF-16 without a mark": ("height,time,pool\n".encode("utf-16-le"), "if it is UTF-16, add --encoding utf-16-le"),
    "a spreadsheet": (b"PK\x03\x04 and then nothing", "is a ZIP archive or a spreadsheet; save the table as CSV"),
    "a database": (b"SQLite format 3\0", "is a database; write its blocks to a file with pool-monitor export csv"),
    "a web page": ("<!DOCTYPE html><html>", "is a web page, not a table; download the file itself"),
    "damaged Parquet": (b"PAR1 and then nothing", "is Parquet that cannot be read"),
    "damaged gzip": (gzip.compress(line().encode())[:-12], "is damaged: Compressed file ended before"),
    "damaged gzip at the beginning": (gzip.compress(line().encode())[:14] + b"\x07" * 12, "is damaged: Error -3"),
    "damaged JSON": ('[{"height": 1', "is JSON that cannot be read"),
    "deep JSON": ("[" * 100_000, "is JSON that cannot be read"),
    "JSON without a table": ('{"error": "rate limited"}', "has no table; it needs a list of objects"),
    "two tables": ('{"a": [{"x": 1}], "b": [{"x": 1}]}', "has several tables: a, b; keep one of them"),
    "more blocks than there are": ("pool,blocks\na,10000000\n", "counts 10,000,000 blocks"),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_read_is_said_in_one_sentence(tmp_path: Path, what: str) -> None:
    content, sentence = REFUSED[what]
    with pytest.raises(InputError) as refused:
        read_it(tmp_path, content)
    message = str(refused.value)
    assert sentence in message
    assert str(tmp_path) in message
    assert "\n" not in message
    assert refused.value.exit_code is Exit.CRASHED


def test_shares_that_sum_to_more_than_all_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"the shares sum to 120\.0%; keep the shares of one time and level"):
        read_it(tmp_path, "pool,percent\na,60\nb,60\n", blocks=100)


def test_an_unknown_encoding_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="unknown encoding 'klingon'; use for example cp1252"):
        read_it(tmp_path, line(), encoding="klingon")


def test_a_file_that_decompresses_to_gigabytes_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitor.processing.files.text_sheet._MOST", 100_000)
    with pytest.raises(InputError, match="has more than 100,000 characters"):
        read_it(tmp_path, gzip.compress(b"height,time,pool\n" + b"\n" * 200_000))


def test_a_backtest_needs_times(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="has no column of times; its columns are: height, pool; name it with"):
        read_it(tmp_path, "height,pool\n840000,viabtc\n", undated=None)
