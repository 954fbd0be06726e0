"""Errors of RPC, HTTP and transport, sorted into away, busy and refused; see `monitor.errors`."""

from __future__ import annotations

import http.client
import json

from bitcoinrpc.authproxy import JSONRPCException

from monitor.errors import NodeAway, NodeBusy, NodeError, NodeRefused
from monitor.node.answers import MISSHAPEN, misshapen

_WARMING_UP = -28
_LIBRARY_CODES = {-342, -343}
"""Of python-bitcoinrpc, for answers that are not JSON-RPC."""

STATUSES = {200, 400, 404, 500}
"""Of answers in JSON-RPC: Bitcoin Core sends errors with one of the last three. Whatever comes with another status is
from a proxy, or from the node's HTTP server before it has read the request."""

NOT_FOUND = -5
OUT_OF_RANGE = -8
MISC = -1
METHOD_NOT_FOUND = -32601


class RpcError(NodeBusy):
    """The node answered a call with an error code. One that the caller does not know may pass."""

    def __init__(self, method: str, code: int, message: str) -> None:
        super().__init__(f"the node answered {method} with error {code}: {message}")
        self.code = code


class HttpError(Exception):
    """An HTTP answer that is not JSON-RPC, or the status of one that may be."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(f"HTTP {status} {reason}")
        self.status = status


class QueueFull(NodeBusy):
    """The node has too many requests to answer, and refused this one."""


class DroppedConnection(NodeAway):
    """The node closed an open connection. Another try on a new one may succeed."""


def is_of_node(error: JSONRPCException) -> bool:
    """Whether this is an error object of a node: its codes are negative. Error pages of proxies may look similar."""
    return type(error.code) is int and error.code < 0 and error.code not in _LIBRARY_CODES


def from_rpc(method: str, error: JSONRPCException) -> NodeError:
    """The error for a JSON-RPC error object."""
    code = error.code if isinstance(error.code, int) else 0
    message = error.message if isinstance(error.message, str) else "no message"
    if code == _WARMING_UP:
        return NodeAway(f"the node is starting: {message}")
    if code in _LIBRARY_CODES:
        return NodeRefused(f"what listens there does not speak Bitcoin's RPC ({message})", remedy="check node.url")
    return RpcError(method, code, message)


def from_http(error: HttpError, method: str, url: str) -> NodeError:
    """The error for an HTTP answer to a call that is not JSON-RPC, of whatever content type."""
    if error.status == 401:
        return NodeRefused(
            f"the node at {url} does not accept our credentials",
            remedy="set node.cookie_file, or node.user and node.password_file, to those of this node",
        )
    if error.status == 403:
        return NodeRefused(
            f"the node at {url} forbids {method} ({error})",
            remedy="check rpcallowip and rpcwhitelist in bitcoin.conf",
        )
    if error.status in {429, 503}:
        return QueueFull(f"the node's work queue is full ({error})")
    if error.status >= 500:
        return NodeAway(f"no answer from the node at {url} ({error})")
    return NodeRefused(f"what listens at {url} does not speak Bitcoin's RPC ({error})", remedy="check node.url")


def from_transport(error: Exception, url: str) -> NodeError:
    """The error for what the HTTP client raised."""
    match error:
        case ConnectionRefusedError():
            return NodeAway(f"nothing listens at {url}", remedy="is bitcoind running, with server=1?")
        case TimeoutError():
            return NodeAway(f"the node at {url} does not answer in time")
        case http.client.RemoteDisconnected() | ConnectionError():
            return DroppedConnection(f"the node at {url} closed the connection")
        case http.client.BadStatusLine() | http.client.UnknownProtocol():
            return NodeRefused(f"what listens at {url} does not speak HTTP", remedy="check node.url")
        case json.JSONDecodeError() | UnicodeDecodeError() | http.client.HTTPException():
            return NodeAway(f"the node at {url} gave half an answer ({type(error).__name__})")
        case _ if isinstance(error, MISSHAPEN) and not isinstance(error, OSError | UnicodeError):
            # A certificate that is not trusted is both, and a host name may be no text that can be encoded.
            return misshapen(error)
        case _:
            return NodeAway(f"the node at {url} cannot be reached ({error})")
