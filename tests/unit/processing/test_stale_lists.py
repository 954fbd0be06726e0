"""Lists of stale blocks are read, whatever is in them."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.stale import LIST, POOLS, tree

from monitor.errors import InputError
from monitor.processing.stale_lists import MAX_BYTES, ListedBlock, OmittedRow, RefusedRow, read
from monitor.wire import decode_header

ROWS = [*csv.DictReader(LIST.read_text().splitlines())]
ONE = ROWS[0]
HEAD = b"height,hash,header\n"
GOOD = f"{ONE['height']},{ONE['hash']},{ONE['header']}\n".encode()


def rows(tmp_path: Path, data: bytes | dict[str, Any] | list[Any]) -> list[Any]:
    file = tmp_path / "list"
    file.write_bytes(data if isinstance(data, bytes) else json.dumps(data).encode())
    return read(file)


def refused(tmp_path: Path, data: bytes) -> str:
    """The one reason for which a row beside a good one is refused."""
    found = rows(tmp_path, HEAD + data + GOOD)
    assert [type(row) for row in found] == [RefusedRow, ListedBlock]
    assert found[0].where == "line 2"
    return str(found[0].reason)


def test_the_public_list() -> None:
    found = read(LIST)
    assert [(str(row.ref.height), row.ref.hash) for row in found if isinstance(row, ListedBlock)] == [
        (row["height"], row["hash"]) for row in ROWS
    ]
    assert all(isinstance(row, ListedBlock) and row.header and row.header.hash == row.ref.hash for row in found)


def test_names_of_pools() -> None:
    found = [row for row in read(POOLS) if isinstance(row, ListedBlock)]
    assert [(row.pool, row.by_tag) for row in found[:3]] == [("viabtc", True), ("viabtc", False), ("spiderpool", True)]


def test_fork_observers_list_and_tree(tmp_path: Path) -> None:
    listed = [{"height": int(row["height"]), "hash": row["hash"], "header": row["header"]} for row in ROWS]
    assert [row[1:] for row in rows(tmp_path, {"stale_blocks": listed})] == [row[1:] for row in read(LIST)]
    document = tree(ROWS[:2])
    stale, invalid = rows(tmp_path, document)
    assert (stale.ref.hash, stale.header.hash, stale.pool) == (ONE["hash"], ONE["hash"], "ViaBTC")
    assert invalid == OmittedRow("entry 4", "invalid block")
    document["header_infos"][2]["nonce"] += 1
    assert "has the hash" in rows(tmp_path, document)[0].reason
    document["header_infos"][2]["nonce"] = "x"
    assert "is not 80 bytes" in rows(tmp_path, document)[0].reason
    document["header_infos"][0]["prev_id"] = 1  # a circle
    assert len(rows(tmp_path, document)) == 2
    with pytest.raises(InputError, match="no node has an active tip"):
        rows(tmp_path, {**document, "nodes": [{"tips": [3, {"status": "active"}]}, 7]})


def test_blocks_that_are_not_stale_are_left_out(tmp_path: Path) -> None:
    data = (
        b"height,hash,note\n"
        + "".join(
            f"7,{'ab' * 32},{note}\n"
            for note in ("", "RDTS (BIP-110) branch block", "invalid block: bip66", "seen late")
        ).encode()
    )
    assert [type(row) for row in rows(tmp_path, data)] == [ListedBlock, OmittedRow, OmittedRow, ListedBlock]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"-1,%s,\n" % (b"ab" * 32), "'-1' is not a block height"),
        (b"2147483648,%s,\n" % (b"ab" * 32), "'2147483648' is not a block height"),
        ("٣,{},\n".format("ab" * 32).encode(), "'٣' is not a block height"),
        (b"7,%s,\n" % (b"zz" * 32), "is not a block hash"),
        (b"7,abc,\n", "'abc' is not a block hash"),
        (b"7,%s,00ff\n" % (b"ab" * 32), "is not 80 bytes"),
        (b"7,%s,%s\n" % (b"ab" * 32, b"00" * 164), "is not 80 bytes"),
        (b"7,%s,%s\n" % (b"ab" * 32, b"ff" * 80), "an extended header has 164 bytes, these are 80"),
        (b"7,%s\n" % (b"ab" * 32), "2 values for 3 columns"),
        (b'7,"%s,\n' % (b"ab" * 32), "not CSV"),
        (b"7,%s,\xff\xfe\n" % (b"ab" * 32), "not CSV in UTF-8"),
        (b"7,%s,\0\n" % (b"ab" * 32), "80 bytes"),
        (b"7,%s,%s\n" % (b"x" * 200_000, b""), "not CSV"),
        (b"7,%s,%s\n" % (b"ab" * 32, ONE["header"].encode()), "the header has the hash"),
    ],
)
def test_a_bad_row_is_refused_and_spoils_no_other(tmp_path: Path, line: bytes, reason: str) -> None:
    assert reason in refused(tmp_path, line)


def test_a_header_without_proof_of_work_is_refused(tmp_path: Path) -> None:
    forged = bytes.fromhex(ONE["header"])[:76] + b"\0\0\0\0"
    own = decode_header(forged).hash
    assert "there is no proof of work" in refused(tmp_path, f"7,{own},{forged.hex()}\n".encode())


def test_marks_of_other_systems(tmp_path: Path) -> None:
    for data in (b"\xef\xbb\xbf" + HEAD + GOOD, (HEAD + GOOD).replace(b"\n", b"\r\n"), HEAD.upper() + GOOD + b"\n\n"):
        assert [type(row) for row in rows(tmp_path, data)] == [ListedBlock]
    for encoding in ("utf-16", "utf-16-le"):
        with pytest.raises(InputError, match=r"UTF-16|is no list"):
            rows(tmp_path, (HEAD + GOOD).decode().encode(encoding))


@pytest.mark.parametrize(
    "data",
    [b"", b"\n", b"pool,hash\n", b"height,height,hash\n", b"{", b"[]", b"{}", b'{"stale_blocks": 3}', b"[" * 9**5],
)
def test_what_is_no_list_is_named(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(InputError, match=r"is no list of stale blocks|is not JSON"):
        rows(tmp_path, data)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no file"):
        read(tmp_path / "none")
    with pytest.raises(InputError, match="cannot be read"):
        read(tmp_path)
    huge = tmp_path / "huge"
    with huge.open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    with pytest.raises(InputError, match="larger than 16 MiB"):
        read(huge)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*ONE, "id", "tips"]), inner),
    max_leaves=9,
)


@given(st.lists(JSON, max_size=4), JSON)
def test_any_json_gives_rows_or_reasons(
    tmp_path_factory: pytest.TempPathFactory, entries: list[object], nodes: object
) -> None:
    tmp_path = tmp_path_factory.mktemp("json", numbered=True)
    found = rows(tmp_path, {"stale_blocks": entries})
    assert len(found) == len(entries)
    active = [{"tips": [{"hash": "x", "height": 1, "status": "active"}]}, nodes]
    rows(tmp_path, {"header_infos": [{"id": 1, "hash": "x"}, *entries], "nodes": active})


@given(st.binary(max_size=300))
def test_any_bytes_give_rows_or_one_error(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    tmp_path = tmp_path_factory.mktemp("bytes", numbered=True)
    assert all(isinstance(row, ListedBlock | RefusedRow | OmittedRow) for row in rows(tmp_path, HEAD + data))
