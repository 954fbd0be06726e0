"""Make config/pools/registry.toml from copies of the two upstream lists and our decisions.

    .venv/bin/python scripts/compile_pools.py [MEMPOOL_JSON BITCOIN_DATA_JSON]

Without arguments, from the copies in config/pools/upstream/. With arguments, from those files, which then become the
copies; note their commits in config/pools/README.md. Refuses to write where the lists contradict each other undecided.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from monitor.errors import RegistryError
from monitor.registry import PoolRegistry, upstream
from monitor.registry.decisions import Decisions
from monitor.registry.merge import merge

POOLS = Path(__file__).parent.parent / "config" / "pools"
UPSTREAM = {name: POOLS / "upstream" / f"{name}.json" for name in ("mempool", "bitcoin-data")}
HEAD = """\
# Who mines: made by scripts/compile_pools.py from upstream/ and decisions.toml. Do not edit; README.md says where it
# is from, `pool-monitor registry` what it holds.
"""


def compiled(sources: dict[str, Path]) -> str:
    """The registry's text, checked by loading it."""
    lists = [upstream.read(json.loads(path.read_text("utf-8")), name) for name, path in sources.items()]
    merged = merge(lists, Decisions.parse((POOLS / "decisions.toml").read_text("utf-8")))
    if wrong := (*merged.undecided, *merged.idle):
        raise RegistryError("\n".join(wrong))
    text = f"{HEAD}\n{merged.text}"
    for network in ("main", "testnet4", "signet", "regtest"):
        PoolRegistry.parse(text, network=network)
    return text


def main(arguments: list[str]) -> int:
    """Write the registry; 2 where it cannot be made."""
    if len(arguments) not in {0, len(UPSTREAM)}:
        print(__doc__, file=sys.stderr)
        return 2
    sources = dict(zip(UPSTREAM, map(Path, arguments), strict=True)) if arguments else UPSTREAM
    try:
        text = compiled(sources)
    except (OSError, ValueError, RegistryError) as error:
        print(f"registry.toml stays as it is: {error}", file=sys.stderr)
        return 2
    for name, path in sources.items():
        UPSTREAM[name].write_bytes(path.read_bytes())
    (POOLS / "registry.toml").write_text(text, "utf-8")
    registry = PoolRegistry.parse(text)
    print(f"{len(registry.by_slug)} pools, content hash {registry.hash}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
