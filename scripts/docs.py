"""Writes what says what the code says: configuration and its example, metrics, API, commands, the node's whitelist.

scripts/docs.py            write them
scripts/docs.py --check    only compare; exit status 1 when one is not what it would be
"""

from __future__ import annotations

import sys
from pathlib import Path

from pages import api, cli, configuration, kubernetes, metrics, whitelist

CHECKOUT = Path(__file__).resolve().parent.parent
NOTE = "<!-- Made by `make docs` from the code: change it there. -->\n"


def pages() -> dict[str, str]:
    """Every generated file, by its path in the checkout, with what belongs into it."""
    return {
        "config/pool-monitor.example.toml": configuration.example(),
        "docs/configuration.md": NOTE + configuration.page(),
        "docs/metrics.md": NOTE + metrics.page(),
        "docs/api.md": NOTE + api.page(),
        "docs/cli.md": NOTE + cli.page(),
        "deploy/bitcoin/rpcwhitelist.conf": whitelist.lines(),
        "deploy/kubernetes/prometheusrule.yaml": kubernetes.rule(),
    }


def main(arguments: list[str]) -> int:
    """Write the files, or tell which differ."""
    check = arguments == ["--check"]
    if arguments and not check:
        print(__doc__, file=sys.stderr)
        return 2
    stale = 0
    for name, text in pages().items():
        path = CHECKOUT / name
        if path.exists() and path.read_text("utf-8") == text:
            continue
        if check:
            stale = 1
            print(f"docs: {name} does not say what the code says: run `make docs`", file=sys.stderr)
        else:
            path.write_text(text, "utf-8")
            print(f"docs: wrote {name}")
    return stale


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
