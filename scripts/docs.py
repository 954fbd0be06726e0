"""Writes what says what the code says: configuration and its example, metrics, API, commands, the node's whitelist.

scripts/docs.py            write them
scripts/docs.py --check    only compare; exit status 1 when one is not what it would be
"""

from __future__ import annotations

import sys
from pathlib import Path

from generated import keep
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
    files = {CHECKOUT / name: text for name, text in pages().items()}
    return keep(files, arguments, usage=str(__doc__), command="make docs")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
