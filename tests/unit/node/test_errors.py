"""Errors of RPC, HTTP and transport, sorted into away, busy and refused."""

from __future__ import annotations

import decimal
import http.client
import json

import pytest
from bitcoinrpc.authproxy import JSONRPCException

from monitor.errors import NodeAway, NodeBusy, NodeRefused
from monitor.node import errors

URL = "http://127.0.0.1:8332"


def answer(code: int, message: str = "so it is") -> JSONRPCException:
    return JSONRPCException({"code": code, "message": message})


@pytest.mark.parametrize(
    ("code", "kind"),
    [(-28, NodeAway), (-342, NodeRefused), (-343, NodeRefused), (-5, errors.RpcError), (-77, errors.RpcError)],
)
def test_an_rpc_error_is_sorted_by_its_code(code: int, kind: type[Exception]) -> None:
    assert type(errors.from_rpc("getblock", answer(code))) is kind


def test_an_rpc_error_that_is_not_known_may_pass() -> None:
    assert isinstance(errors.from_rpc("getblock", answer(-77)), NodeBusy)


def test_an_rpc_error_keeps_code_method_and_message() -> None:
    error = errors.from_rpc("getblock", answer(-5, "Block not found"))
    assert isinstance(error, errors.RpcError)
    assert error.code == errors.NOT_FOUND
    assert str(error) == "the node answered getblock with error -5: Block not found"


@pytest.mark.parametrize(
    ("status", "kind", "remedy"),
    [
        (401, NodeRefused, "node.cookie_file, or node.user and node.password_file"),
        (403, NodeRefused, f"the node at {URL} forbids getblock (HTTP 403 X); check rpcallowip and rpcwhitelist"),
        (404, NodeRefused, "check node.url"),
        (200, NodeRefused, "check node.url"),
        (429, errors.QueueFull, "work queue is full"),
        (503, errors.QueueFull, "work queue is full"),
        (502, NodeAway, URL),
    ],
)
def test_an_http_status_is_sorted(status: int, kind: type[Exception], remedy: str) -> None:
    error = errors.from_http(errors.HttpError(status, "X"), "getblock", URL)
    assert type(error) is kind
    assert remedy in str(error)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ConnectionRefusedError(), NodeAway),
        (TimeoutError(), NodeAway),
        (ConnectionResetError(), errors.DroppedConnection),
        (http.client.RemoteDisconnected(""), errors.DroppedConnection),
        (BrokenPipeError(), errors.DroppedConnection),
        (http.client.BadStatusLine("SSH-2.0"), NodeRefused),
        (http.client.IncompleteRead(b""), NodeAway),
        (json.JSONDecodeError("", "", 0), NodeAway),
        (UnicodeError("label too long"), NodeAway),
        (OSError("no route to host"), NodeAway),
    ],
)
def test_what_happens_on_the_way_is_sorted_and_names_the_node(error: Exception, kind: type[Exception]) -> None:
    sorted_ = errors.from_transport(error, URL)
    assert type(sorted_) is kind
    assert URL in str(sorted_)


@pytest.mark.parametrize("error", [KeyError("id"), TypeError(), decimal.InvalidOperation(), RecursionError()])
def test_an_answer_that_the_library_does_not_understand_is_a_passing_fault(error: Exception) -> None:
    fault = errors.from_transport(error, URL)
    assert type(fault) is NodeBusy
    assert "another shape than expected" in str(fault)


@pytest.mark.parametrize("error", ["text", {"code": "1"}, {"code": float("inf"), "message": [["deep"]]}, {}])
def test_an_error_of_any_shape_may_pass(error: object) -> None:
    assert isinstance(errors.from_rpc("getblock", JSONRPCException(error)), NodeBusy)


@pytest.mark.parametrize(
    ("error", "is_of_node"),
    [
        ({"code": -5, "message": "Block not found"}, True),
        ({"code": 503, "message": "Service Unavailable"}, False),
        ({"code": True}, False),
        ({"code": -343, "message": "missing JSON-RPC result"}, False),
        ("Service Unavailable", False),
    ],
)
def test_an_error_page_in_json_is_not_an_error_of_the_node(error: object, *, is_of_node: bool) -> None:
    assert errors.is_of_node(JSONRPCException(error)) is is_of_node
