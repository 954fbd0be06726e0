"""Compare our attributions with those of two other systems, over the golden coinbases.

    python scripts/compare_rules.py [LINES.jsonl.gz ...]

Each line is a coinbase as `pool-monitor attribute` reads it, with the label under `slug_norm`. Prints how often each
system agrees with the labels and with us, then every coinbase where one differs from us, by reason.
"""

from __future__ import annotations

import gzip
import json
import sys
from collections import Counter, defaultdict
from io import BytesIO
from pathlib import Path

from monitor.attribution import attribute
from monitor.attribution.comparison import Contrast, slug_here
from monitor.attribution.foreign_rules import CrateRules, ForeignRules, MempoolRules
from monitor.cli.attribute.inputs import Given, from_lines
from monitor.registry import lists
from monitor.registry.loading import load_pools

GOLDEN = sorted((Path(__file__).parent.parent / "tests" / "golden").glob("coinbases*.jsonl.gz"))


def compare(files: list[Path]) -> None:
    """Print the comparison."""
    registry, decisions, copies = load_pools(), lists.decisions(), lists.shipped_copies()
    systems: tuple[ForeignRules, ...] = (MempoolRules(copies["mempool"].list), CrateRules(copies["bitcoin-data"].list))
    contrasts = [Contrast(rules, registry, decisions) for rules in systems]
    lines = [line for file in files for line in gzip.decompress(file.read_bytes()).splitlines(keepends=True)]
    labels = [json.loads(line).get("slug_norm") for line in lines]
    scored = sum(label is not None for label in labels)
    right: Counter[str] = Counter()
    same: Counter[str] = Counter()
    reasons: dict[tuple[str, str], list[str]] = defaultdict(list)
    for given, label in zip(from_lines(BytesIO(b"".join(lines)), "main"), labels, strict=True):
        assert isinstance(given, Given), given
        ours = attribute(given.coinbase, registry)
        right["ours"] += label == (ours.pool or "unknown")
        for contrast in contrasts:
            name = contrast.rules.name
            verdict = contrast.rules.judge(given.coinbase)
            theirs = slug_here(verdict, decisions)
            right[name] += label == (theirs or "unknown")
            why = contrast.why(given.coinbase, ours, verdict)
            same[name] += why is None
            if why is not None:
                reasons[name, f"{theirs or 'unknown'} instead of {ours.pool or 'unknown'}: {why}"].append(
                    str(given.height)
                )
    print(f"{len(lines)} coinbases, {scored} of them with a label\n")
    for name in ("ours", *(rules.name for rules in systems)):
        agrees = f", with ours on {same[name]} ({same[name] / len(lines):.2%})" if name in same else ""
        print(f"{name:<28} agrees with the label on {right[name]} ({right[name] / scored:.2%}){agrees}")
    for (name, why), heights in sorted(reasons.items(), key=lambda item: (item[0][0], -len(item[1]))):
        few = ", ".join(heights[:3]) + (", ..." if len(heights) > 3 else "")
        print(f"\n{name}: {len(heights)} blocks ({few})\n  {why}")


if __name__ == "__main__":
    compare([Path(name) for name in sys.argv[1:]] or GOLDEN)
