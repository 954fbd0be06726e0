"""Several real nodes that are connected and cut apart by hand."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from support.bitcoind import Bitcoind
from support.peers import CORE
from support.services import free_port, wait_until


class Peered(Bitcoind):
    """A node that takes connections of others."""

    def __init__(self, program: Path, datadir: Path, *arguments: str) -> None:
        self.p2p = f"127.0.0.1:{free_port()}"
        super().__init__(program, datadir, "-listen=1", f"-bind={self.p2p}", "-dnsseed=0", *arguments)

    def join(self, other: Peered) -> None:
        """Connect to another node, and wait until both know."""
        self.call("addnode", other.p2p, "onetry")
        wait_until(lambda: bool(self.peers() and other.peers()), seconds=20, what="the nodes to connect")

    def part(self) -> None:
        """Drop every connection."""
        for peer in self.peers():
            self.call("disconnectnode", "", peer["id"])
        wait_until(lambda: not self.peers(), seconds=20, what="the node to be alone")

    def peers(self) -> list[dict[str, Any]]:
        """Its connections on which the handshake is done."""
        return [peer for peer in self.call("getpeerinfo") if peer["version"]]

    @property
    def tip(self) -> str:
        """Hash of its best block."""
        return str(self.call("getbestblockhash"))


@contextmanager
def network(binary: Path, folder: Path, names: Sequence[str]) -> Iterator[dict[str, Peered]]:
    """Nodes with a common genesis block and no connections; the last is the newest Bitcoin Core where it is built."""
    binaries = dict.fromkeys(names, binary) | ({names[-1]: CORE} if CORE.exists() else {})
    with ExitStack() as running:
        yield {name: running.enter_context(Peered(binaries[name], folder / name)) for name in names}


def agree(*nodes: Peered) -> None:
    """Wait until all nodes have the same tip."""
    wait_until(lambda: len({node.tip for node in nodes}) == 1, seconds=30, what="the nodes to agree")


def tables(nodes: Mapping[str, Peered], *, urls: Mapping[str, str] | None = None, **more: object) -> str:
    """`[[nodes]]` as a variable has it: in the order of the nodes, the first one is counted. `urls` replace theirs."""
    at = {name: node.url for name, node in nodes.items()} | dict(urls or {})
    return json.dumps(
        [
            {"name": name, "url": at[name], "cookie_file": str(node.cookie_file), "poll_seconds": 0.5, **more}
            for name, node in nodes.items()
        ]
    )


def until(ready: Callable[[], object], what: str, seconds: float = 30) -> None:
    """Wait until something is true."""
    wait_until(lambda: bool(ready()), seconds=seconds, what=what)
