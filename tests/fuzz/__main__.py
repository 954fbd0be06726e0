"""Lets a coverage-guided fuzzer look for bytes that our readers cannot stand.

    PYTHONPATH=.:tests python -m fuzz [SECONDS] [TARGET ...]

It needs atheris (Linux only). What was found interesting is kept in build/fuzz, and the next run goes on from there. A
finding is printed and kept as build/fuzz/TARGET.crash-*; the exit status is not 0 then.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

try:
    import atheris
except ImportError:
    sys.exit("atheris is not installed: run make fuzz, or pip install atheris")

from fuzz.targets import TARGETS, TESTS

KEPT = TESTS.parent / "build" / "fuzz"
ONE = "--one"
LIMITS = ("-timeout=5", "-rss_limit_mb=768", "-print_final_stats=1", "-verbosity=0")
"""A length that lies must cost neither time nor memory."""


def main(arguments: list[str]) -> int:
    """Fuzz one target after the other, for as long as was said all together."""
    if arguments[:1] == [ONE]:
        return one(arguments[1], int(arguments[2]))
    seconds = int(arguments[0]) if arguments else 60
    unknown = set(names := arguments[1:] or [*TARGETS]) - set(TARGETS)
    if unknown:
        sys.exit(f"no target {', '.join(sorted(unknown))}: there are {', '.join(TARGETS)}")
    failed = [name for name in names if not fuzzed(name, max(1, seconds // len(names)))]
    for name in failed:
        print(f"{name} failed: run python -m fuzz {seconds} {name}, and look at build/fuzz/{name}.crash-*")
    return 1 if failed else 0


def fuzzed(name: str, seconds: int) -> bool:
    """Fuzz a target in a process of its own, and print how often; whether nothing was found."""
    command = [sys.executable, "-m", "fuzz", ONE, name, str(seconds)]
    done = subprocess.run(command, stderr=subprocess.PIPE, text=True, errors="replace", check=False)
    inputs = re.search(r"number_of_executed_units: (\d+)", done.stderr)
    memory = re.search(r"peak_rss_mb: +(\d+)", done.stderr)
    kept = len([*(KEPT / name).iterdir()])
    print(
        f"{name:<14} {int(inputs[1]) if inputs else 0:>12,} inputs in {seconds} s, {memory[1] if memory else '?'} MB,"
        f" {kept:,} kept{'' if done.returncode == 0 else ': FAILED'}",
        flush=True,
    )
    if done.returncode:
        print(done.stderr[-4000:])
    return done.returncode == 0


def one(name: str, seconds: int) -> int:
    """Fuzz a target for so long, in this process."""
    target, corpus = TARGETS[name], KEPT / name
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(target.seeds()):
        Path(corpus, f"seed-{number}").write_bytes(seed[: target.longest])
    options = [f"-max_total_time={seconds}", f"-max_len={target.longest}", f"-artifact_prefix={corpus}."]
    atheris.Setup([sys.argv[0], str(corpus), *options, *LIMITS], target.check)
    atheris.Fuzz()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
