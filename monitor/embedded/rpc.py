"""JSON-RPC as in Bitcoin Core: parsing and validation of requests, format of responses.

There are two versions. Version 1 reports errors by HTTP status and always has `result` and `error`; version 2, selected
by `"jsonrpc": "2.0"`, answers 200 with one of the two, and does not answer requests without `id`.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Awaitable, Callable
from inspect import Signature
from typing import Any, TypeAlias, get_args

from aiohttp import web

from monitor.embedded.methods import (
    INVALID_PARAMETER,
    MISC,
    WARMING_UP,
    WRONG_TYPE,
    Methods,
    RpcError,
    json_response,
)
from monitor.embedded.state import State

INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
PARSE_ERROR = -32700

_HTTP_STATUS = {INVALID_REQUEST: 400, METHOD_NOT_FOUND: 404}
_METHODS = {
    name: inspect.signature(function, eval_str=True)
    for name, function in vars(Methods).items()
    if not name.startswith("_")
}
_JSON_TYPES = {
    bool: "bool", int: "number", float: "number", str: "string", list: "array", dict: "object", type(None): "null",
}  # fmt: skip


_Reply: TypeAlias = tuple[int, dict[str, object] | None]
"""The HTTP status and the content of a response; None for no content."""


class Rpc:
    """Answers RPC requests."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._methods = Methods(state)

    async def answer(self, body: bytes) -> web.Response:
        """Answer a request, or a batch of requests in order."""
        try:
            asked = json.loads(body)
        except ValueError:
            status, content = _reply({"id": None}, RpcError(PARSE_ERROR, "Parse error"))
        else:
            if isinstance(asked, list):
                replies = [await self._answer_one(one) for one in asked]
                return json_response([content for _, content in replies if content is not None])
            if isinstance(asked, dict):
                status, content = await self._answer_one(asked)
            else:
                status, content = _reply({"id": None}, RpcError(PARSE_ERROR, "Top-level object parse error"))
        return web.Response(status=status) if content is None else json_response(content, status)

    async def _answer_one(self, asked: object) -> _Reply:
        if not isinstance(asked, dict):
            return _reply({}, RpcError(INVALID_REQUEST, "Invalid Request object"))
        try:
            return _reply(asked, await self._call(*_read(asked)))
        except RpcError as error:
            return _reply(asked, error)

    async def _call(self, method: str, params: list[Any] | dict[str, Any]) -> object:
        if self._state.warming_up:
            raise RpcError(WARMING_UP, "Loading block index…")
        signature = _METHODS.get(method)
        if signature is None:
            raise RpcError(METHOD_NOT_FOUND, "Method not found")
        self._state.asked[method] += 1
        function: Callable[..., object] = getattr(self._methods, method)
        answer = function(**_bind(method, signature, params))
        return await answer if isinstance(answer, Awaitable) else answer


def _read(asked: dict[str, Any]) -> tuple[str, list[Any] | dict[str, Any]]:
    """The method and its parameters."""
    method = asked.get("method")
    if method is None:
        raise RpcError(INVALID_REQUEST, "Missing method")
    if not isinstance(method, str):
        raise RpcError(INVALID_REQUEST, "Method must be a string")
    params = asked.get("params")
    if params is None:
        params = []
    if not isinstance(params, list | dict):
        raise RpcError(INVALID_REQUEST, "Params must be an array or object")
    return method, params


def _bind(method: str, signature: Signature, params: list[Any] | dict[str, Any]) -> dict[str, Any]:
    """The arguments by name; `null` for an optional one means that it is omitted."""
    names = [name for name in signature.parameters if name != "self"]
    if isinstance(params, list):
        if len(params) > len(names):
            raise RpcError(MISC, _usage(method, names))
        params = dict(zip(names, params, strict=False))
    if unknown := params.keys() - set(names):
        raise RpcError(INVALID_PARAMETER, f"Unknown named parameter {min(unknown)}")
    given, wrong = {}, []
    for position, name in enumerate(names, start=1):
        parameter, value = signature.parameters[name], params.get(name)
        required = parameter.default is Signature.empty
        if required and name not in params:
            raise RpcError(MISC, _usage(method, names))
        if value is None and not required:
            continue
        given[name] = value
        allowed = get_args(parameter.annotation) or (parameter.annotation,)
        if type(value) not in allowed:  # not isinstance: in Python a bool is an int, in JSON it is not
            is_, should = _JSON_TYPES[type(value)], _JSON_TYPES[allowed[0]]
            wrong.append(f'"Position {position} ({name})": "JSON value of type {is_} is not of expected type {should}"')
    if wrong:
        raise RpcError(WRONG_TYPE, "Wrong type passed:\n{\n    " + ",\n    ".join(wrong) + "\n}")
    return given


def _usage(method: str, names: list[str]) -> str:
    return " ".join((method, *names)) + "\n"


def _reply(asked: dict[str, Any], outcome: object) -> _Reply:
    """The reply to a request with a result or an `RpcError`."""
    status, error = 200, None
    if isinstance(outcome, RpcError):
        status, error = _HTTP_STATUS.get(outcome.code, 500), {"code": outcome.code, "message": outcome.message}
        outcome = None
    id_ = {"id": asked["id"]} if "id" in asked else {}
    if asked.get("jsonrpc") != "2.0":
        return status, {"result": outcome, "error": error, **id_}
    if not id_:
        return 204, None
    return 200, {"jsonrpc": "2.0", **({"error": error} if error else {"result": outcome}), **id_}
