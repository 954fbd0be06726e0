"""A small Bitcoin node inside the process, for `demo` and for tests.

In: a list of blocks with time and pool. Out: a loopback server that answers the RPC, REST and ZMQ calls of a real node.
"""

from monitor.embedded.blocks import Signature
from monitor.embedded.history import Found, mainnet, onward
from monitor.embedded.node import EmbeddedNode, replay

__all__ = ["EmbeddedNode", "Found", "Signature", "mainnet", "onward", "replay"]
