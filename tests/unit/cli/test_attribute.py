"""`pool-monitor attribute`, without a node."""

import json
import tracemalloc
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from monitor.cli.attribute import inputs as coinbases
from monitor.cli.attribute.command import attribute
from monitor.cli.attribute.rows import Judge
from monitor.errors import InputError, PoolMonitorError
from monitor.model import NO_BLOCK, Coinbase, Header, Output
from monitor.registry.loading import load_registry
from monitor.wire import encode_coinbase, encode_header

JUDGE = Judge(load_registry())
F2POOL = "1KFHE7w8BhaENAswwryaoccDb6qcT6DbYY"
SCRIPT = bytes.fromhex("76a914c825a1ecf2a6830c4401620c3a16f1995057c2ab88ac")
COINBASE = Coinbase(b"\x03\x01\x02\x03/ViaBTC/Mined by someone/", (Output(10, SCRIPT),))
KEYS = [
    "pool_slug",
    "pool_name",
    "method",
    "evidence",
    "confidence",
    "conflict",
    "candidates",
    "template",
    "operator",
    "origin",
    "country",
    "miner",
]

app = typer.Typer()
app.command()(attribute)


def attribute_file(path: Path) -> list[dict[str, Any]]:
    return list(map(JUDGE.row, coinbases.from_file(path, "main")))


def run(lines: list[object] | str, *arguments: str) -> Result:
    text = lines if isinstance(lines, str) else "".join(json.dumps(line) + "\n" for line in lines)
    return CliRunner().invoke(app, list(arguments), input=text)


def test_a_line_in_a_line_out_with_the_promised_keys() -> None:
    done = run(
        [{"script_hex": b"/ViaBTC/".hex()}, {"script_hex": "00"}, {"raw_tx_hex": encode_coinbase(COINBASE).hex()}]
    )
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.exit_code == 0
    assert [list(row) for row in rows] == [KEYS] * 3
    assert [row["pool_slug"] for row in rows] == ["viabtc", None, "f2pool"]
    assert rows[0]["pool_name"] == "ViaBTC"
    assert rows[1] == {**dict.fromkeys(KEYS), "evidence": "", "conflict": False, "candidates": []}
    assert rows[2]["conflict"] is True
    assert rows[2]["candidates"] == [
        {"pool_slug": "f2pool", "method": "address", "evidence": F2POOL},
        {"pool_slug": "viabtc", "method": "tag", "evidence": "/ViaBTC/"},
    ]
    assert rows[2]["miner"] == "someone"


def test_outputs_are_addresses_or_scripts() -> None:
    done = run(
        [
            {"script_hex": "", "outputs": [{"address": F2POOL}]},
            {"script_hex": "", "outputs": [{"script_hex": SCRIPT.hex(), "value_sat": 1}], "height": 840000, "time": 1},
            {
                "script_hex": "",
                "outputs": [{"script_hex": "51", "value_sat": 5}, {"address": F2POOL, "value_sat": None}],
            },
            {"script_hex": "", "outputs": [{"address": None, "value_sat": 0}]},
        ]
    )
    assert [json.loads(line)["pool_slug"] for line in done.stdout.splitlines()] == ["f2pool", "f2pool", "f2pool", None]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("junk", "not JSON"),
        ("", "not JSON"),
        ("[1]", "not a JSON object"),
        ("{}", "neither script_hex nor raw_tx_hex"),
        ('{"script_hex": "zz"}', "script_hex is not hex"),
        ('{"script_hex": 5}', "script_hex is not hex"),
        ('{"raw_tx_hex": "0100"}', "end inside the coinbase"),
        ('{"script_hex": "00", "outputs": 5}', "outputs is not a list"),
        ('{"script_hex": "00", "outputs": [5]}', "not a JSON object"),
        ('{"script_hex": "00", "outputs": [{"address": "x\\u001b[2J"}]}', "not an address of main"),
        ('{"script_hex": "00", "outputs": [{"script_hex": "51", "value_sat": -1}]}', "value_sat"),
        ('{"script_hex": "00", "outputs": [{"script_hex": "51", "value_sat": true}]}', "value_sat"),
        ('{"script_hex": "00", "time": "now"}', "time must be an integer"),
        ('{"script_hex": "00", "height": -1}', "height must be an integer"),
    ],
)
def test_a_bad_line_is_an_error_in_its_place_and_nothing_is_lost(line: str, said: str) -> None:
    good = '{"script_hex": "2f5669614254432f"}'
    done = run(f"{good}\n{line}\n{good}\n")
    rows = [json.loads(row) for row in done.stdout.splitlines()]
    assert done.exit_code == 1
    assert [row.get("pool_slug") for row in rows] == ["viabtc", None, "viabtc"]
    assert list(rows[1]) == ["error"]
    assert said in rows[1]["error"]
    assert done.stdout.replace("\n", "").isprintable()


def test_bytes_after_the_transaction_are_not_ignored() -> None:
    done = run([{"raw_tx_hex": encode_coinbase(COINBASE).hex() + "00"}])
    assert "1 bytes after the transaction" in done.stdout
    assert done.exit_code == 1


def test_the_table_is_for_people() -> None:
    done = run([{"script_hex": b"\x09\x09\x09 \x09\x09 \x09".hex()}, "x"], "--format", "table")
    head, first, second = done.stdout.splitlines()
    assert head.split() == ["POOL", "METHOD", "EVIDENCE", "CONFIDENCE", "CONFLICT", "MINER"]
    assert first.split() == ["Carbon", "Negative", "tag", r"\t\t\t", r"\t\t", r"\t", "low"]
    assert second.startswith("error: ")


def raw_block() -> bytes:
    header = Header(NO_BLOCK, 0x20000000, NO_BLOCK, bytes(32), 1, 0x1D00FFFF, 0)
    return encode_header(header) + b"\x01" + encode_coinbase(COINBASE)


@pytest.mark.parametrize("form", [raw_block(), raw_block().hex().encode(), raw_block().hex().encode() + b"\n"])
def test_a_raw_block_is_attributed_from_a_file(tmp_path: Path, form: bytes) -> None:
    file = tmp_path / "block"
    file.write_bytes(form)
    assert [row["pool_slug"] for row in attribute_file(file)] == ["f2pool"]


def test_a_block_cut_short_says_so(tmp_path: Path) -> None:
    (tmp_path / "block").write_bytes(raw_block()[:100])
    with pytest.raises(InputError, match="not a complete block"):
        attribute_file(tmp_path / "block")


def test_a_file_of_lines_may_begin_badly(tmp_path: Path) -> None:
    (tmp_path / "lines").write_text('junk\n{"script_hex": "00"}\n')
    assert ["error" in row for row in attribute_file(tmp_path / "lines")] == [True, False]


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nothing"):
        attribute_file(tmp_path / "nothing")


class Endless:
    """Lines without end, as a pipe gives them."""

    def __init__(self, count: int) -> None:
        self.left = count

    def readline(self, _limit: int) -> bytes:
        self.left -= 1
        return b'{"script_hex": "2f5669614254432f", "height": %d}\n' % self.left if self.left >= 0 else b""


def test_memory_does_not_grow_with_the_number_of_lines() -> None:
    def peak(lines: int) -> int:
        endless: Any = Endless(lines)
        tracemalloc.start()
        try:
            assert sum(1 for _ in map(JUDGE.row, coinbases.from_lines(endless, "main"))) == lines
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert peak(2500) < peak(500) + 10 * 2000 < 1_000_000


def test_a_line_without_end_is_one_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("monitor.cli.attribute.inputs._MAX_LINE_BYTES", 100)
    (tmp_path / "lines").write_text('{"script_hex": "' + "00" * 500 + '"}\n{"script_hex": "00"}\n')
    assert ["error" in row for row in attribute_file(tmp_path / "lines")] == [True, False]


def test_whom_a_block_counts_for_depends_on_its_time() -> None:
    braiins = {"script_hex": b"/slush/".hex()}
    rows = [
        json.loads(row)
        for row in run([{**braiins, "time": 1_600_000_000}, {**braiins, "time": 1_740_000_000}]).stdout.splitlines()
    ]
    assert [row["template"] for row in rows] == ["braiinspool", "antpool-and-friends"]
    assert {row["origin"] for row in rows} == {"CZ"}
    assert [(row["operator"], row["country"]) for row in rows] == [
        ("Braiins Systems s.r.o.", "CZ"),
        ("Braiins Mining Limited", "VG"),
    ]


def test_who_mines_alone_is_nobody_s_group_and_a_datum_miner_his_own() -> None:
    datum = b"\x03\x01\x02\x03\x0eOCEAN.XYZ\x0fAnna".hex()
    time = {"time": 1_740_000_000}
    solo, ocean = (
        json.loads(row)
        for row in run(
            [{"script_hex": b"/solo.ckpool.org/".hex(), **time}, {"script_hex": datum, **time}]
        ).stdout.splitlines()
    )
    assert (solo["pool_slug"], solo["template"], solo["operator"]) == ("solock", None, None)
    assert (ocean["miner"], ocean["template"]) == ("Anna", "datum Anna")


def test_what_names_nothing_is_refused_before_anything_is_asked() -> None:
    with pytest.raises(InputError, match="is not a file, a block height, a range of heights or a block hash"):
        CliRunner().invoke(app, ["nonsense"], catch_exceptions=False)


def test_a_line_may_be_given_as_it_is() -> None:
    done = CliRunner().invoke(app, ['{"script_hex": "2f5669614254432f"}', "--explain"])
    rule = json.loads(done.stdout)["explanation"]["rule"]
    assert rule == "signature at the start of the text: no evidence for another pool"


@pytest.mark.parametrize("name", ["x" * 5000, "a\0b"])
def test_a_name_that_no_file_can_have_is_none(name: str) -> None:
    with pytest.raises(InputError, match="is not a file"):
        CliRunner().invoke(app, [name], catch_exceptions=False)


def test_a_range_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(InputError, match="use 3-5"):
        CliRunner().invoke(app, ["5-3"], catch_exceptions=False)


def test_a_file_stays_a_file_whatever_it_is_called(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "840000").write_bytes(raw_block())
    done = CliRunner().invoke(app, ["840000"])
    assert json.loads(done.stdout)["pool_slug"] == "f2pool"


@pytest.mark.parametrize("start", [b"\1\0\0\0", b"{"])
def test_a_huge_file_is_not_read_into_memory(tmp_path: Path, start: bytes) -> None:
    """As a block, and as one line."""
    file = tmp_path / "large"
    with file.open("wb") as sparse:
        sparse.write(start + b"\0" * 200)
        sparse.truncate(1 << 28)
    tracemalloc.start()
    try:
        with suppress(InputError):
            assert all(isinstance(each, PoolMonitorError) for each in coinbases.from_file(file, "main"))
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 100_000_000
