"""Whatever a server sends: a job, nothing, or one typed error."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st
from support.stratum import Template, branches, job, line

from monitor.errors import StratumError
from monitor.model import BlockHash
from monitor.stratum.rounds import KnownBlock, PoolNow, Rounds
from monitor.stratum.session import Session
from monitor.wire import bip34_height, double_sha256, encode_coinbase

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=70)
    | st.binary(max_size=40).map(bytes.hex),
    lambda inner: st.lists(inner, max_size=10) | st.dictionaries(st.text(max_size=10), inner, max_size=5),
    max_leaves=30,
)  # fmt: skip
METHODS = st.sampled_from([
    "mining.notify", "mining.set_extranonce", "mining.set_difficulty", "client.reconnect", "client.show_message", "",
])  # fmt: skip
MESSAGES = st.fixed_dictionaries(
    {},
    optional={
        "id": JSON | st.sampled_from([1, 2]), "method": METHODS | JSON, "params": JSON, "result": JSON, "error": JSON,
    },
)  # fmt: skip
HASHES = st.binary(min_size=32, max_size=32).map(bytes.hex)
TEMPLATES = st.builds(
    Template, parent=HASHES, height=st.integers(1, 5_000_000), bits=st.integers(0, 2**32 - 1),
    time=st.integers(0, 2**32 - 1), txids=st.lists(HASHES, max_size=40).map(tuple), value=st.integers(0, 10**12),
)  # fmt: skip


def take(session: Session, raw: bytes) -> None:
    """As the watch does; only its own error is allowed."""
    with suppress(StratumError):
        announced, answer = session.receive(raw)
        assert isinstance(answer, bytes)
        if announced:
            now = PoolNow(*announced, at=1_700_000_000.0)
            known = {announced.job.parent: KnownBlock(5, 0x207F_FFFF, counted=True, time=0)}
            Rounds().take("pool", now, known, at=0.0, joined=False)


@given(st.lists(st.binary(max_size=200), max_size=5))
@example([b"[" * 120_000])
@example([b'{"id": 1, "result": ' + b"[" * 50_000 + b"]" * 50_000 + b"}"])
@example([b'{"id": 1' + b"0" * 5_000 + b"}"])
@example([b'{"method": "mining.set_difficulty", "params": [1' + b"0" * 400 + b"]}"])
@example([b'{"method": "mining.set_difficulty", "params": [NaN]}', b"\xff\xfe", b"\xed\xa0\x80", b"null"])
def test_any_bytes_are_a_message_or_an_error(lines: list[bytes]) -> None:
    session = Session("user")
    for each in lines:
        take(session, each)


@given(st.lists(MESSAGES, max_size=5))
@example([{"id": 1, "result": [None, "\ud800", 4]}, {"id": 2, "result": None, "error": [1, "\ud800\x1b[2J"]}])
def test_any_objects_are_messages_or_errors(messages: list[Any]) -> None:
    session = Session("user")
    for each in messages:
        take(session, json.dumps(each).encode())


@given(TEMPLATES, st.integers(0, 8), JSON)
def test_a_job_with_one_part_replaced_is_a_job_or_an_error(template: Template, place: int, other: object) -> None:
    params = job(template)
    params[place] = other
    take(Session(), line("mining.notify", *params))


@given(TEMPLATES, st.binary(max_size=20))
def test_what_was_announced_is_read(template: Template, tag: bytes) -> None:
    session = Session()
    session.receive(json.dumps({"id": 1, "result": [[], "a1b2c3d4", 8], "error": None}).encode())
    announced, _ = session.receive(line("mining.notify", *job(template, tag=tag)))

    assert announced
    read, coinbase = announced
    assert read.parent == BlockHash(template.parent)
    assert (read.bits, read.time, read.version, read.clean) == (template.bits, template.time, 0x2000_0000, True)
    assert [*read.branches] == branches(template.txids)
    assert coinbase
    assert bip34_height(coinbase.script) == template.height
    assert tag in coinbase.script
    assert encode_coinbase(coinbase) == read.prefix + bytes.fromhex("a1b2c3d4") + bytes(8) + read.suffix


@given(st.lists(HASHES, min_size=1, max_size=60))
def test_templates_are_equal_exactly_where_all_transactions_are(txids: list[str]) -> None:
    """Branches decide: the merkle root of the whole follows from them and the coinbase."""
    root = double_sha256(b"coinbase")
    for each in branches(txids):
        root = double_sha256(root + each)
    level = [double_sha256(b"coinbase"), *(bytes.fromhex(each)[::-1] for each in txids)]
    while len(level) > 1:
        level += level[-1:] * (len(level) % 2)
        level = [double_sha256(level[at] + level[at + 1]) for at in range(0, len(level), 2)]

    assert root == level[0]
