"""What does the audit cost on a mempool of 100,000 transactions?

    python benchmarks/audit.py [transactions]

A simulated node answers with a full template of 4,000 transactions, 40 of them new each time, with the whole mempool,
and with a full block. Measured: processor time of a template, a mempool and a block, memory of what is kept, and
processor time for each minute at the usual intervals; and what audit and custody add to a block's event, as they
listen to it like an output.
"""

from __future__ import annotations

import asyncio
import gc
import json
import resource
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from unittest.mock import AsyncMock

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from support.blocks import Parent, Recipe, build
from support.fake_chain import BEFORE_ALL, chain_on, judge

from monitor.audit.compare import AuditRules, compare
from monitor.audit.full_block import full_block
from monitor.audit.mempool import FirstSeen
from monitor.audit.observer import AuditObserver
from monitor.audit.templates import Templates
from monitor.config import AuditSection
from monitor.custody.observer import CustodyObserver
from monitor.hub import Hub
from monitor.model import NO_BLOCK, BlockEvents, BlockTemplate, Plan
from monitor.node.templates import read_template
from monitor.vitals import Vitals
from monitor.wire import decode_block, double_sha256, encode_compact

IN_BLOCK = 4_000
NEW_EACH_TIME = 40
TEMPLATES = 30
SECONDS = 30
BLOCK_SECONDS = 600
EVENTS = 5_000


def main(arguments: list[str]) -> None:
    """Measure and print."""
    mempool = int(arguments[0]) if arguments else 100_000
    raws = [transaction(number) for number in range(IN_BLOCK + NEW_EACH_TIME * TEMPLATES)]
    txids = [double_sha256(raw)[::-1].hex() for raw in raws]
    others = [double_sha256(number.to_bytes(8, "big"))[::-1].hex() for number in range(mempool - IN_BLOCK)]
    parent = Parent("00" * 32, 900_000, 1_700_000_000)
    gc.collect()
    before = memory()

    seen, templates = FirstSeen(), Templates(seconds=960)
    answer = json.dumps([*txids[:IN_BLOCK], *others])
    whole = timed(lambda: seen.show(json.loads(answer), 0.0))
    costs = []

    def take(text: str, at: int) -> None:
        templates.add(read_template(json.loads(text)), SECONDS * at)

    for at in range(TEMPLATES):
        shown = range(at * NEW_EACH_TIME, at * NEW_EACH_TIME + IN_BLOCK)
        text = json.dumps({
            "previousblockhash": parent.hash,
            "transactions": [
                {"data": raws[n].hex(), "txid": txids[n], "depends": [], "fee": 500 + n % 5000, "weight": 1000}
                for n in shown
            ],
        })  # fmt: skip
        costs.append(timed(partial(take, text, at)))
        del text
    gc.collect()
    kept = memory() - before
    mined = raws[-IN_BLOCK:]
    block = build(parent, Recipe(transactions=tuple(mined)))
    first = decode_block(block.raw, height=block.height)
    spent = encode_compact(1 + len(mined)) + b"\0" + b"".join(
        b"\x01" + (10_000).to_bytes(8, "little") + b"\x16" + bytes(22) for _ in mined
    )  # fmt: skip

    def audit() -> None:
        decoded = full_block(first, block.raw, spent, arrived=SECONDS * TEMPLATES, watched=frozenset())
        made = compare(decoded, templates.kept, seen.time, rules=AuditRules())
        assert made
        assert made.tx_count == len(mined)

    one = timed(audit)
    steady = sorted(costs[1:])[len(costs) // 2]
    with_zmq = steady * 60 / SECONDS + (one + whole) * 60 / BLOCK_SECONDS
    by_polling = (steady + whole) * 60 / SECONDS + one * 60 / BLOCK_SECONDS
    print(f"mempool of {mempool:,} transactions, template of {IN_BLOCK:,}, {NEW_EACH_TIME} new each time")
    print(f"first template              {1000 * costs[0]:8.0f} ms of processor time")
    print(f"each further template       {1000 * steady:8.0f} ms")
    print(f"the whole mempool           {1000 * whole:8.0f} ms")
    print(f"a block                     {1000 * one:8.0f} ms")
    print(f"a minute, with ZMQ sequence {1000 * with_zmq:8.0f} ms ({with_zmq / 0.6:.2f} % of a processor)")
    print(f"a minute, without           {1000 * by_polling:8.0f} ms ({by_polling / 0.6:.2f} %)")
    print(f"kept: {kept / 2**20:.0f} MB for {len(seen):,} first-seen times and {len(templates.kept)} templates")
    alone, beside = (asyncio.run(event(observed=each)) for each in (False, True))
    print(f"an event, sent and read     {1e6 * alone:8.1f} µs; {1e6 * beside:.1f} µs with audit and custody")


async def event(*, observed: bool) -> float:
    """Median processor time in seconds from a block's event until all listeners have it and wait again."""
    hub, tasks = Hub(Vitals()), []
    if observed:
        node = AsyncMock(spare=True)
        node.refusal.return_value = None
        node.template.return_value = BlockTemplate(NO_BLOCK, ())
        store = AsyncMock()
        store.lowest_since.return_value = None
        store.counts.return_value = (0, 0, 0)
        section = AuditSection(interval_seconds=SECONDS)
        audit = AuditObserver(node, hub, section, found=AsyncMock(), state=lambda *_: None)
        custody = CustodyObserver(node, store, hub, complete=lambda: True, days=730, show=lambda _: None)
        tasks = [asyncio.create_task(each) for each in (audit.run(), custody.run())]
        await asyncio.sleep(0.5)  # until there is a template
    blocks = chain_on(BEFORE_ALL, 1)
    events = BlockEvents(Plan(BEFORE_ALL, NO_BLOCK, connects=tuple(blocks)), tuple(judge(blocks)))
    costs = []
    with hub.listen("output") as news:
        for _ in range(EVENTS):
            started = time.process_time()
            hub.announce(events)
            await news.get()
            await asyncio.sleep(0)
            costs.append(time.process_time() - started)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return median(costs)


def transaction(number: int) -> bytes:
    """A transaction of 250 bytes that spends an output of its own and pays two."""
    coin = double_sha256(number.to_bytes(8, "little"))
    inputs = b"\x01" + coin + bytes(4) + b"\x6a" + bytes(106) + b"\xff" * 4
    output = (5_000).to_bytes(8, "little") + b"\x16\x00\x14" + coin[:20]
    return b"\x02\0\0\0" + inputs + b"\x02" + output + output + bytes(4)


def timed(work: Callable[[], object]) -> float:
    """Processor time in seconds."""
    started = time.process_time()
    work()
    return time.process_time() - started


def memory() -> int:
    """Bytes that the process holds now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


if __name__ == "__main__":
    main(sys.argv[1:])
