"""How fast are coinbases attributed? The golden ones, already decoded, on one core.

Prints attributions a second, and how many times as long they take as a bare loop over the same coinbases that looks
each output's script up in a dictionary: the least that any attribution by address must do. Both in the same run.
"""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

from monitor.attribution import attribute
from monitor.model import Coinbase, Output
from monitor.registry.loading import load_pools

GOLDEN = Path(__file__).parent.parent / "tests" / "golden" / "coinbases.jsonl.gz"
FLOOR = 200_000
ATTRIBUTIONS = 100_000
ROUNDS = 5


def coinbases() -> list[Coinbase]:
    """The golden coinbases, each with outputs: where the set has none, five real ones of another line."""
    with gzip.open(GOLDEN) as lines:
        entries = [json.loads(line) for line in lines]
    usual = next(entry["outputs"] for entry in entries if len(entry.get("outputs", ())) == 5)
    return [
        Coinbase(
            bytes.fromhex(entry["script_hex"]),
            tuple(
                Output(output["value_sat"] or 0, bytes.fromhex(output["script_hex"]))
                for output in entry.get("outputs", usual)
            ),
        )
        for entry in entries
    ]


def best(work: Callable[[], None]) -> float:
    """Seconds of the fastest of a few rounds: the others were disturbed."""
    times = []
    for _ in range(ROUNDS):
        start = perf_counter()
        work()
        times.append(perf_counter() - start)
    return min(times)


def main() -> int:
    """Measure; 1 where it is too slow."""
    registry = load_pools()
    real = coinbases()
    sample = (real * (ATTRIBUTIONS // len(real) + 1))[:ATTRIBUTIONS]

    def attributed() -> None:
        for coinbase in sample:
            attribute(coinbase, registry)

    def bare() -> None:
        payees = registry.index.payees
        for coinbase in sample:
            for output in coinbase.outputs:
                payees.get(output.script)

    ours, least = best(attributed), best(bare)
    rate = len(sample) / ours
    print(f"attribution: {rate:,.0f} a second (at least {FLOOR:,}), {ours / least:.1f} times a bare look-up loop")
    return 0 if rate >= FLOOR else 1


if __name__ == "__main__":
    sys.exit(main())
