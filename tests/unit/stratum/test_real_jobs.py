"""Real jobs of real pools, of many years."""

from __future__ import annotations

import json
from typing import Any

import pytest
from support.services import CHECKOUT

from monitor.attribution.match import attribute
from monitor.model import Coinbase
from monitor.registry.loading import load_pools
from monitor.stratum.messages import Job, read_job
from monitor.stratum.rounds import PoolNow, Rounds
from monitor.stratum.session import Session
from monitor.wire import bip34_height

RECORDS: list[dict[str, Any]] = [
    json.loads(each) for each in (CHECKOUT / "tests" / "data" / "stratum" / "notify.jsonl").read_text().splitlines()
]
MESSAGES = [each for each in RECORDS if each["form"].startswith("stratum")]
SECOND = [each for each in RECORDS if "websocket" in each["form"]]
"""Jobs that 15 pools had in one second."""


def decoded(record: dict[str, Any]) -> tuple[Job, Coinbase | None]:
    """The job of a record, as a session reads it."""
    session = Session(extranonce=(b"", record["extranonce_bytes"]))
    announced, _ = session.receive(record["raw"].encode())
    assert announced
    return announced


def of_the_second(record: dict[str, Any]) -> tuple[Job, Coinbase | None]:
    """The same of a record in the form of the website."""
    raw = json.loads(record["raw"])
    parent = bytes.fromhex(raw["prevHash"])
    words = b"".join(parent[at : at + 4] for at in range(28, -4, -4)).hex()
    job = read_job([
        raw["jobId"], words, raw["coinbase1"], raw["coinbase2"], raw["merkleBranches"], raw["version"], raw["bits"],
        raw["time"], raw["cleanJobs"],
    ])  # fmt: skip
    return job, job.coinbase(bytes.fromhex(raw["extraNonce"]) + bytes(raw["extraNonce2Size"]))


@pytest.mark.parametrize("record", MESSAGES, ids=lambda each: f"{each['pool_slug']}-{each['height']}")
def test_a_job_says_what_it_said(record: dict[str, Any]) -> None:
    job, coinbase = decoded(record)

    assert job.parent.startswith("0" * 16)
    assert coinbase
    assert bip34_height(coinbase.script) == record["height"]
    assert coinbase.value_sat == record["coinbase_value_sat"]
    assert coinbase.locktime == record["locktime"]


def test_the_size_that_the_server_states_is_used() -> None:
    stated = [each for each in MESSAGES if each["subscribe_answer"]]
    assert len(stated) == 2
    for record in stated:
        session = Session()
        session.receive(json.dumps(json.loads(record["subscribe_answer"]) | {"id": 1}).encode())
        announced, _ = session.receive(record["raw"].encode())
        assert announced
        assert announced.coinbase


def test_coinbases_are_attributed_by_the_rules_for_blocks() -> None:
    registry = load_pools("main")
    named = {}
    for record in SECOND:
        _, coinbase = of_the_second(record)
        assert coinbase
        named[record["pool_slug"]] = attribute(coinbase, registry).pool

    right = {slug: pool for slug, pool in named.items() if slug == pool}
    assert len(right) >= 12, named
    assert right.keys() >= {"antpool", "f2pool", "foundryusa", "viabtc", "luxor", "ocean"}


def test_pools_that_had_the_same_transactions_in_one_second_are_found() -> None:
    rounds = Rounds()
    for record in SECOND:
        now = PoolNow(*of_the_second(record), at=1_743_541_735.0)
        assert rounds.take(record["pool_slug"], now, {}, at=0.0, joined=True) is None

    found: dict[int, set[str]] = {}
    for pool, number in rounds.groups().items():
        found.setdefault(number, set()).add(pool)

    assert sorted(found.values(), key=len) == [
        {"luxor", "secpool"},
        {"antpool", "binancepool", "braiinspool", "miningsquared", "poolin", "ultimuspool"},
    ]
    assert len({now.job.parent for now in rounds.now.values()}) == 1
