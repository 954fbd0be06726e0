"""Lists of stale blocks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from monitor.wire import decode_header

_DATA = Path(__file__).resolve().parent.parent / "data" / "stale"
LIST = _DATA / "stale-blocks.csv"
POOLS = _DATA / "pools.csv"


def tree(rows: Sequence[Mapping[str, str]]) -> dict[str, Any]:
    """A fork-observer's `data.json`: two active blocks, and a stale and an invalid one above the first."""
    infos = [
        {"id": 1, "prev_id": 0, "height": 1, "hash": "11" * 32},
        {"id": 2, "prev_id": 1, "height": 2, "hash": "22" * 32},
    ]
    for number, row in enumerate(rows, start=3):
        header = decode_header(bytes.fromhex(row["header"]))
        infos.append(
            {
                "id": number, "prev_id": 1, "height": int(row["height"]), "hash": row["hash"],
                "version": header.version % 2**32, "prev_blockhash": header.parent,
                "merkle_root": header.merkle_root[::-1].hex(), "time": header.time, "bits": header.bits,
                "difficulty_int": 1, "nonce": header.nonce, "miner": "ViaBTC",
            }
        )  # fmt: skip
    stale, invalid = infos[2:4]
    tips = [
        {"hash": "22" * 32, "status": "active", "height": 2},
        {"hash": stale["hash"], "status": "valid-headers", "height": stale["height"]},
        {"hash": invalid["hash"], "status": "invalid", "height": invalid["height"]},
    ]
    return {"header_infos": infos, "nodes": [{"id": 1, "name": "a", "tips": tips, "reachable": True}]}
