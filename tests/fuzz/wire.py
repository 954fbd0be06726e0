"""Lets a coverage-guided fuzzer look for bytes that the decoders cannot stand.

    python tests/fuzz/wire.py [SECONDS]

It needs atheris (`pip install atheris`, Linux only) and begins with real coinbases. A finding is printed and kept as
`crash-*` in the working directory; the exit status is not 0 then. What must hold is in `support/hostile.py`, and the
property tests hold the decoders to the same.
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

TESTS = Path(__file__).parents[1]
sys.path.insert(0, str(TESTS))
with atheris.instrument_imports(include=["monitor.wire", "support.hostile"]):
    from support.hostile import check_block, check_coinbase, check_outputs

GOLDEN = TESTS / "golden" / "coinbases.jsonl.gz"
CORPUS = Path(tempfile.gettempdir()) / "pool-monitor-fuzz"
"""What was found interesting; the next run goes on from there."""
HEADER = bytes(80) + b"\x01"
LIMITS = ("-max_len=4096", "-timeout=5", "-rss_limit_mb=512", "-print_final_stats=1")
"""A length that lies must cost neither time nor memory."""


def one_input(data: bytes) -> None:
    """Whatever it is."""
    check_block(data)
    check_coinbase(data)
    check_outputs(data)


def seeds() -> list[bytes]:
    """What to begin with: real coinbases, alone and in a block."""
    with gzip.open(GOLDEN, "rt", encoding="utf-8") as lines:
        raw = [bytes.fromhex(entry["raw_tx_hex"]) for entry in map(json.loads, lines) if entry.get("raw_tx_hex")]
    return raw + [HEADER + each for each in raw]


def main() -> None:
    """Fuzz for as long as was said."""
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else 60
    CORPUS.mkdir(exist_ok=True)
    for number, seed in enumerate(seeds()):
        (CORPUS / str(number)).write_bytes(seed)
    atheris.Setup([sys.argv[0], str(CORPUS), f"-max_total_time={seconds}", *LIMITS], one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
