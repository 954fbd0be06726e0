"""What the node's RPC user may ask, as lines of bitcoin.conf."""

from __future__ import annotations

from monitor.node.rpc import CALLS


def lines() -> str:
    """The file."""
    return (
        "# What the RPC user pool-monitor may ask: all that pool-monitor asks, and nothing that changes anything.\n"
        "# Made by `make docs` from monitor/node/rpc.py. bitcoin.conf takes it in by includeconf=.\n"
        f"rpcwhitelist=pool-monitor:{','.join(CALLS)}\n"
        "# Other users stay as they are.\n"
        "rpcwhitelistdefault=0\n"
    )
