"""Run many seeds, one after the other.

    PYTHONPATH=tests python -m chaos [--seeds 20] [--first 1]

A seed that breaks a promise is printed with its plan, and with the command that repeats it. The log of a monitor that
stands still ends with what its threads and tasks do.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
import tempfile
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from statistics import median

from chaos.plan import Engine, make
from chaos.world import Database, Outcome, run, server


def main() -> int:
    """Run them; the number of seeds that broke a promise is the exit status, at most 1."""
    parser = argparse.ArgumentParser(description="Run a monitor through faults at random.")
    parser.add_argument("--seeds", type=int, default=20, help="how many")
    parser.add_argument("--first", type=int, default=1, help="the first of them")
    parser.add_argument(
        "--logs", type=Path, default=Path(tempfile.gettempdir(), "pool-monitor-chaos-logs"),
        help="folder for the logs of monitors that broke a promise",
    )  # fmt: skip
    parser.add_argument("--plan", action="store_true", help="print the plans only")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # ends what it started
    plans = [make(seed) for seed in range(options.first, options.first + options.seeds)]
    if options.plan:
        print(*plans, sep="\n")
        return 0
    outcomes = []
    with tempfile.TemporaryDirectory(prefix="pool-monitor-chaos-") as folder, ExitStack() as running:
        postgresql: Database | None = None
        for plan in plans:
            if plan.engine is not Engine.SQLITE and postgresql is None:
                postgresql = running.enter_context(server(Path(folder) / "server"))
            with tempfile.TemporaryDirectory(prefix=f"seed-{plan.seed}-", dir=folder) as place:
                outcomes.append(asyncio.run(run(plan, Path(place), postgresql)))
            _print(outcomes[-1])
            if outcomes[-1].broken:
                options.logs.mkdir(parents=True, exist_ok=True)
                for name, text in outcomes[-1].logs.items():
                    (options.logs / f"{plan.seed}-{name}.log").write_text(text)
    _summarise(outcomes)
    return int(any(each.broken for each in outcomes))


def _print(outcome: Outcome) -> None:
    plan = outcome.plan
    print(
        f"seed {plan.seed:4} {plan.engine:10} {'bitcoind' if plan.core else 'embedded':8} {outcome.seconds:5.1f} s,"
        f" well again after {outcome.recovery:4.1f} s; {len(plan.faults):2} faults, {outcome.blocks} blocks,"
        f" {outcome.stale} stale, {outcome.alerts} alerts, {outcome.restarts} restarts,"
        f" stops within {outcome.longest_stop:.1f} s: {'BROKEN' if outcome.broken else 'kept'}",
        flush=True,
    )
    for error in outcome.errors:
        print(f"  logged: {error[:600]}")
    if outcome.broken:
        print(plan)
        print(*(f"  broken: {each}" for each in outcome.broken), sep="\n")
        print(f"  again: make chaos SEEDS=1 FIRST={plan.seed}", flush=True)


def _summarise(outcomes: list[Outcome]) -> None:
    """A row for each fault: how often it happened with each engine, and in runs that broke a promise."""
    happened, broken = Counter[tuple[str, str, Engine]](), Counter[tuple[str, str]]()
    for each in outcomes:
        for fault in each.plan.faults:
            key = (fault.target.removesuffix(" a").removesuffix(" b"), str(fault.kind))
            happened[(*key, each.plan.engine)] += 1
            broken[key] += bool(each.broken)
    print("\n| Of | Fault | " + " | ".join(Engine) + " | In runs that broke a promise |")
    print("|---|---|" + "---|" * (len(Engine) + 1))
    for key in sorted({(target, kind) for target, kind, _ in happened}):
        counts = " | ".join(str(happened[(*key, engine)] or "") for engine in Engine)
        print(f"| {' | '.join(key)} | {counts} | {broken[key]} |")
    kept = sum(not each.broken for each in outcomes)
    print(f"\n{kept} of {len(outcomes)} seeds kept every promise; {sum(each.blocks for each in outcomes):,} blocks,")
    print(f"{sum(each.stale for each in outcomes):,} of them stale; {sum(each.alerts for each in outcomes):,} alerts;")
    print(f"{sum(happened.values()):,} faults; median {median(each.seconds for each in outcomes):.1f} s")


if __name__ == "__main__":
    sys.exit(main())
