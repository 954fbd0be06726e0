"""Everything that reads bytes of strangers. What is wrong with them is an error that the caller expects."""

from __future__ import annotations

import gzip
import json
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache, partial
from pathlib import Path

from support import blockdir, hostile

from fuzz.instrumented import (
    Key,
    Moment,
    Session,
    StratumError,
    Wanted,
    attribute,
    bounded,
    clusters,
    datum,
    decode_spent,
    decode_transactions,
    find_records,
    find_spends,
    fingerprint,
    inner_miner,
    pool_list,
    read_addresses,
    read_file,
    recognised,
    script_of,
    stale_list,
    stratum_v2,
)
from monitor.errors import InputError, NodeError, WireError
from monitor.model import BlockHash, Coinbase, Output, PoolSlug
from monitor.registry.loading import load_pools

TESTS = Path(__file__).parents[1]
_GOLDEN = TESTS / "golden" / "coinbases.jsonl.gz"
_LONGEST_NAME = 60
_HEADER = bytes(80) + b"\x01"


@dataclass(frozen=True, slots=True)
class Target:
    """One reader.

    Args:
        check: given any bytes; raises if something does not hold.
        seeds: inputs to begin with.
        longest: bytes of an input.
    """

    check: Callable[[bytes], object]
    seeds: Callable[[], Iterator[bytes]]
    longest: int = 4096


# -- blocks ------------------------------------------------------------------------------------------------------------


def _wire(data: bytes) -> None:
    hostile.check_block(data)
    hostile.check_coinbase(data)
    hostile.check_outputs(data)


def _transactions(data: bytes) -> None:
    with suppress(WireError):
        decode_transactions(data, frozenset({data[:20]}))
    with suppress(WireError):
        decode_spent(data)
    with suppress(WireError):
        find_spends(data, {data[90:122]: BlockHash("00" * 32)})


def _block_files(data: bytes) -> None:
    raw, key = data[8:], Key(data[:8].ljust(8, b"\0"))
    table, lost = find_records(
        lambda size, offset: raw[offset : offset + size], len(raw), 0, magic=blockdir.REGTEST, key=key
    )
    assert all(0 <= each.offset < len(raw) for each in lost)
    ends = (table["offset"] + table["length"]).tolist()
    assert all(end <= len(raw) for end in ends)


def _attribution(data: bytes) -> None:
    cut = data[0] if data else 0  # the first byte says how much of it is the script
    script, output = data[1 : 1 + cut], data[1 + cut :]
    coinbase = Coinbase(script, (Output(50_0000_0000, output), Output(0, b"\x6a" + output)))
    judged = attribute(coinbase, _pools())
    assert judged.pool is None or judged.pool in _pools().by_slug
    for name in (judged.miner, datum(script), stratum_v2(script), inner_miner(script, PoolSlug("ocean"))):
        assert name is None or (name.isascii() and name.isprintable() and 0 < len(name) <= _LONGEST_NAME)
    mark = fingerprint(coinbase)
    for cluster in clusters({1: mark, 2: mark}).values():
        assert all(line.isprintable() and len(line) < 4 * _LONGEST_NAME for line in cluster.evidence)


_pools = cache(load_pools)


def _golden(key: str) -> Iterator[bytes]:
    with gzip.open(_GOLDEN, "rt", encoding="utf-8") as lines:
        for entry in map(json.loads, lines):
            if entry.get(key):
                yield bytes.fromhex(entry[key])


def _blocks() -> Iterator[bytes]:
    for each in _golden("raw_tx_hex"):
        yield each
        yield _HEADER + each


def _scripts() -> Iterator[bytes]:
    return (bytes([len(script)]) + script for script in _golden("script_hex"))


def _records() -> Iterator[bytes]:
    blocks = blockdir.chain(4)
    yield bytes(8) + blockdir.records(blocks)
    yield bytes(range(8)) + Key(bytes(range(8))).undo(blockdir.records(blocks), 0)


# -- servers -----------------------------------------------------------------------------------------------------------


def _stratum(data: bytes) -> None:
    session = Session("user", "x")
    session.hello()
    for line in data.split(b"\n")[:20]:
        with suppress(StratumError):
            found, _ = session.receive(line)
            if found and found.coinbase:
                attribute(found.coinbase, _pools())


def _node(data: bytes) -> None:
    try:
        document = json.loads(data, parse_float=Decimal)
    except (ValueError, ArithmeticError, RecursionError):  # which a connection to a node expects of the library, too
        return
    with suppress(NodeError, ValueError):
        bounded(document)


def _stratum_lines() -> Iterator[bytes]:
    yield b'{"id":1,"result":[[["mining.notify","a"]],"08000002",4],"error":null}'
    yield (
        b'{"id":null,"method":"mining.notify","params":["1","' + b"00" * 32 + b'","01000000010000000000000000000000000'
        b'0000000000000000000000000000000000000000ffffffff1f03a1b2c3","ffffffff0100f2052a010000001976a914'
        + b"11" * 20
        + b'88ac00000000",["'
        + b"22" * 32
        + b'"],"20000000","17034219","65000000",true]}'
    )
    yield b'{"method":"mining.set_difficulty","params":[65536]}\n{"method":"client.reconnect","params":["a",1]}'


def _answers() -> Iterator[bytes]:
    yield b'{"chain":"main","blocks":1,"headers":1,"bestblockhash":"' + b"00" * 32 + b'","difficulty":1.0}'
    yield b'[{"height":1,"hash":"' + b"00" * 32 + b'","branchlen":0,"status":"active"}]'


# -- files -------------------------------------------------------------------------------------------------------------


def _pool_list(data: bytes) -> None:
    with suppress(InputError):
        pool_list(data, "a file", source="mempool", now=datetime.now(UTC))


def _economy(data: bytes) -> None:
    with suppress(InputError):
        recognised(data, 1_790_000_000.0)


def _addresses(data: bytes) -> None:
    scripts, _ = read_addresses(data.decode("utf-8", "replace").splitlines(), partial(script_of, network="main"))
    assert all(scripts)


def _stale_list(data: bytes) -> None:
    with suppress(InputError):
        stale_list(_stored(data))


def _file(data: bytes) -> None:
    with suppress(InputError):
        read_file(_stored(data))


def _request(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    wanted = Wanted.of(text)
    assert wanted.hash is None or len(wanted.hash) == 64
    assert wanted.height is None or wanted.height >= 0
    with suppress(ValueError):
        Moment.parse(text)


@cache
def _path() -> Path:
    """A file in memory where there is such a folder."""
    folder = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108
    return Path(tempfile.mkdtemp(prefix="pool-monitor-fuzz-", dir=folder)) / "input"


def _stored(data: bytes) -> Path:
    _path().write_bytes(data)
    return _path()


def _tables() -> Iterator[bytes]:
    yield b"height,time,pool\n1,2025-01-31,AntPool\n2,2025-01-31T12:00:00Z,\n"
    yield "date;pool;blocks\r\n31.01.2025;F2Pool;1.234\r\n".encode("utf-16")
    yield b'{"blocks":[{"height":1,"timestamp":1700000000,"extras":{"pool":{"name":"AntPool"}}}]}'
    yield gzip.compress(b"pool\tshare\nAntPool\t17,5 %\nothers\t82,5 %\n", mtime=0)


def _stale_lists() -> Iterator[bytes]:
    yield b"height,hash,header\n1," + b"00" * 32 + b"," + b"00" * 80 + b"\n"
    yield b'[{"height":1,"hash":"' + b"00" * 32 + b'","header":"' + b"00" * 80 + b'"}]'
    yield b'{"headers":[],"nodes":[]}'


def _pool_lists() -> Iterator[bytes]:
    yield b'[{"id":1,"name":"A","addresses":["1BoatSLRHtKNngkdXEeobR76b53LETtpyT"],"tags":["/A/"],"link":"https://a"}]'


def _editions() -> Iterator[bytes]:
    yield b"date,model,tokens\n2026-01-01,openai/gpt,1000\n"
    yield b"PK\x05\x06" + bytes(18)


def _lines() -> Iterator[bytes]:
    yield b"1BoatSLRHtKNngkdXEeobR76b53LETtpyT # a comment\nbc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq\n"


def _texts() -> Iterator[bytes]:
    yield from (b"900,000", b"2025-01-31", b"2025-01-31T12:00:00+14:00", b"00" * 32, b"AntPool")


TARGETS = {
    "wire": Target(_wire, _blocks),
    "transactions": Target(_transactions, _blocks),
    "block_files": Target(_block_files, _records),
    "attribution": Target(_attribution, _scripts, longest=512),
    "stratum": Target(_stratum, _stratum_lines),
    "node": Target(_node, _answers),
    "pool_list": Target(_pool_list, _pool_lists),
    "stale_list": Target(_stale_list, _stale_lists),
    "economy": Target(_economy, _editions),
    "file": Target(_file, _tables),
    "addresses": Target(_addresses, _lines, longest=512),
    "request": Target(_request, _texts, longest=256),
}
