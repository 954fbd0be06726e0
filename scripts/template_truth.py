"""How well proposals find simulated groups that change over time, and how often structure joins strangers.

.venv/bin/python scripts/template_truth.py    print the tables of docs/templates.md (some minutes)
"""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import combinations
from pathlib import Path
from statistics import median
from typing import Final

CHECKOUT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(CHECKOUT / "tests"))

from support.worlds import BLOCKS, DAY, SHARES, START, World, pools, world  # noqa: E402 -- the tests' simulation

from monitor.analysis.groups.groups import proposals  # noqa: E402
from monitor.analysis.groups.omissions import omissions_evidence  # noqa: E402
from monitor.analysis.groups.structure import Structures, likenesses, structure_evidence  # noqa: E402
from monitor.attribution.structure import script_traits  # noqa: E402
from monitor.model import Evidence, PoolSlug  # noqa: E402
from monitor.registry.loading import load_registry  # noqa: E402

SEEDS: Final = range(4)
DAYS: Final = 240
GROUPS: Final = (((1, 4, 6, 8), 30, 150), ((2, 3), 60, 180), ((0, 9), 90, 240))
"""Places of the members, first day, day after the last."""
STEP: Final = 5
"""Days between two looks."""
SAME_BUILDER: Final = frozenset(
    ["antpool", "binancepool", "braiinspool", "btccom", "luxor", "poolin", "secpool", "ultimuspool", "whitepool"]
)
"""Pools with coinbases of one builder in 2025, by public reports; WhitePool by its coinbases alone. Whether all of them
have one builder is not known."""


def look(seen: World, day: int, *, audits: int = 90) -> list[Evidence]:
    """What a monitor knows at the end of a day: audits of so many days, and all coinbases."""
    end = day * BLOCKS
    first = max(0, end - audits * BLOCKS)
    structures = Structures()
    for pool, time, traits in seen.traits[:end]:
        structures.add(pool, time, traits)
    missed = [each for each in seen.passed_over if first <= each.height < end]
    return [*omissions_evidence(missed, seen.audited[first:end]), *structure_evidence(structures)]


def pairs(evidence: list[Evidence], day: int, *, at: int, weak: bool) -> set[tuple[PoolSlug, PoolSlug]]:
    """The pairs that are proposed for a day, as known at the end of another."""
    sizes = dict(zip(pools(), SHARES, strict=True))
    when = datetime.fromtimestamp(START, UTC).date() + timedelta(days=day)
    made = proposals(evidence, level="template", sizes=sizes, now=START + at * DAY - 1)
    by_group: dict[str, set[PoolSlug]] = {}
    for each in made:
        if each.since <= when and (each.until is None or when < each.until) and (weak or each.confidence != "low"):
            by_group.setdefault(each.group, set()).add(each.pool)
    return {pair for members in by_group.values() for pair in combinations(sorted(members), 2)}


def truth() -> Iterator[str]:
    """Precision, recall and delay: as it is known on the day itself, and at the end."""
    yield "| Proposals | Precision | Recall | Pairs never together | Joined, noticed after | Left, noticed after |"
    yield "|---|---|---|---|---|---|"
    worlds = [world(seed, days=DAYS, groups=GROUPS) for seed in SEEDS]
    looks = [{day: look(each, day) for day in range(STEP, DAYS + 1, STEP)} for each in worlds]
    whole = [look(each, DAYS, audits=DAYS) for each in worlds]
    for name, weak in (("medium, high", False), ("low as well", True)):
        live, later, strange = Score(), Score(), set[tuple[int, tuple[PoolSlug, PoolSlug]]]()
        joined, left = list[int](), list[int]()
        for number, (seen, known, everything) in enumerate(zip(worlds, looks, whole, strict=True)):
            now = {day: pairs(evidence, day - 1, at=day, weak=weak) for day, evidence in known.items()}
            ever = {pair for day in range(DAYS) for pair in seen.together(day)}
            strange |= {(number, pair) for found in now.values() for pair in found - ever}
            for day, found in now.items():
                live.add(found, seen.together(day - 1))
                later.add(pairs(everything, day - 1, at=DAYS, weak=weak), seen.together(day - 1))
            for members, since, until in seen.groups:
                for pair in combinations(sorted(members), 2):
                    joined += [day - since for day in now if day > since and pair in now[day]][:1]
                    if until < DAYS and any(pair in now[day] for day in now if since < day <= until):
                        left += [day - until for day in now if day > until and pair not in now[day]][:1]
        never = f"{len(strange)} of {len(worlds) * len(list(combinations(pools(), 2)))}"
        yield f"| {name}, on the day | {live} | {never} | {_days(joined)} | {_days(left)} |"
        yield f"| {name}, in hindsight | {later} | | | |"


class Score:
    """Days of pairs that are proposed, against those that are true."""

    def __init__(self) -> None:
        self.right = self.wrong = self.missed = 0

    def add(self, found: set[tuple[PoolSlug, PoolSlug]], real: set[tuple[PoolSlug, PoolSlug]]) -> None:
        """Add a day."""
        self.right += len(found & real)
        self.wrong += len(found - real)
        self.missed += len(real - found)

    def __str__(self) -> str:
        precision = self.right / max(1, self.right + self.wrong)
        return f"{precision:.1%} | {self.right / max(1, self.right + self.missed):.1%}"


def nothing_to_find() -> str:
    """How many pairs are proposed in worlds without groups."""
    found = [
        each for seed in SEEDS for each in look(world(100 + seed, days=DAYS), DAYS)
    ]  # fmt: skip
    of = len(SEEDS) * len(list(combinations(pools(), 2)))
    strong, weak = (sum(each.kind.is_weak == is_weak for each in found) for is_weak in (False, True))
    return (
        f"In {len(SEEDS)} worlds of {DAYS} days without any group, {strong} of {of} pairs had evidence by omissions, "
        f"and {weak} by structure: pools with the same software."
    )


def strangers() -> Iterator[str]:
    """Real coinbases: how alike pools build that have nothing to do with each other."""
    memberships = load_registry().memberships
    structures = Structures(period_seconds=120 * DAY, least=3)
    with gzip.open(CHECKOUT / "tests" / "golden" / "coinbases.jsonl.gz", "rt", encoding="utf-8") as lines:
        for row in map(json.loads, lines):
            if row.get("time") and row.get("slug_norm") not in {None, "unknown"}:
                traits = script_traits(bytes.fromhex(row["script_hex"]))
                structures.add(PoolSlug(row["slug_norm"]), row["time"], traits)
    scores: dict[bool, list[float]] = {True: [], False: []}
    for number, profiles in structures.periods.items():
        middle = number * 120 * DAY + 60 * DAY

        def entity(pool: PoolSlug, at: int = middle) -> str:
            return memberships.of("template", pool, at) or pool

        if len(profiles) > 3:
            for pair, likeness in likenesses(profiles, entity).items():
                scores[{*pair} <= SAME_BUILDER].append(likeness.bits)
    yield "| Score, at least | Pairs of independent pools | Pairs that may have one builder |"
    yield "|---|---|---|"
    for bits in (0, 4, 7, 10):
        cells = (f"{sum(each >= bits for each in some)} of {len(some)}" for some in (scores[False], scores[True]))
        yield f"| {bits} bits | {' | '.join(cells)} |"


def _days(delays: list[int]) -> str:
    return f"{median(delays):.0f} days (at most {max(delays)})" if delays else "never"


def main() -> None:
    """Print the tables."""
    for part in (truth(), [nothing_to_find()], strangers()):
        print("\n".join(part), end="\n\n", flush=True)


if __name__ == "__main__":
    main()
