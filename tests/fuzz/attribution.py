"""Lets a coverage-guided fuzzer look for coinbases that attribution cannot stand.

    python tests/fuzz/attribution.py [SECONDS]

Every input is a coinbase script, an output, and what a miner may write of himself. Nothing may be raised, and what
comes out must be the registry's own words or sanitised, bounded text. Needs atheris, as wire.py does.
"""

from __future__ import annotations

import gzip
import json
import sys
import tempfile
from pathlib import Path

try:
    import atheris
except ImportError:
    sys.exit("atheris is not installed: pip install atheris")

from monitor.model import Coinbase, Output, PoolSlug
from monitor.registry.loading import load_pools

with atheris.instrument_imports(include=["monitor.attribution"]):
    from monitor.attribution.clusters import clusters
    from monitor.attribution.fingerprint import fingerprint
    from monitor.attribution.inner_miners import datum, inner_miner, stratum_v2
    from monitor.attribution.match import attribute

GOLDEN = Path(__file__).parents[1] / "golden" / "coinbases.jsonl.gz"
CORPUS = Path(tempfile.gettempdir()) / "pool-monitor-fuzz-attribution"
LIMITS = ("-max_len=512", "-timeout=5", "-rss_limit_mb=512", "-print_final_stats=1")
LONGEST = 60
REGISTRY = load_pools()


def one_input(data: bytes) -> None:
    """Whatever it is: the first byte says how much of it is the script."""
    cut = data[0] if data else 0
    script, output = data[1 : 1 + cut], data[1 + cut :]
    coinbase = Coinbase(script, (Output(50_0000_0000, output), Output(0, b"\x6a" + output)))
    judged = attribute(coinbase, REGISTRY)
    assert judged.pool is None or judged.pool in REGISTRY.by_slug
    for name in (judged.miner, datum(script), stratum_v2(script), inner_miner(script, PoolSlug("ocean"))):
        assert name is None or (name.isascii() and name.isprintable() and 0 < len(name) <= LONGEST)
    mark = fingerprint(coinbase)
    for cluster in clusters({1: mark, 2: mark}).values():
        assert all(line.isprintable() and len(line) < 4 * LONGEST for line in cluster.evidence)


def main() -> None:
    """Fuzz for as long as was said."""
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else 60
    CORPUS.mkdir(exist_ok=True)
    with gzip.open(GOLDEN, "rt", encoding="utf-8") as lines:
        for number, entry in enumerate(map(json.loads, lines)):
            script = bytes.fromhex(entry["script_hex"])
            (CORPUS / str(number)).write_bytes(bytes([len(script)]) + script)
    atheris.Setup([sys.argv[0], str(CORPUS), f"-max_total_time={seconds}", *LIMITS], one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
