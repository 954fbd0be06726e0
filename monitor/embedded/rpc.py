"""JSON-RPC as in Bitcoin Core: parsing and validation of requests, format of responses.

There are two versions. Version 1 reports errors by HTTP status and always has `result` and `error`; version 2, selected
by `"jsonrpc": "2.0"`, answers 200 with one of the two, and does not answer requests without `id`.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from inspect import Signature
from typing import Any, get_args

from monitor.embedded.methods import INVALID_PARAMETER, MISC, WARMING_UP, WRONG_TYPE, Methods, RpcError
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


@dataclass(frozen=True, slots=True)
class Reply:
    """Status and JSON content of a response; None for no content."""

    status: int
    content: object | None


class Rpc:
    """Answers RPC requests."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._methods = Methods(state)

    async def answer(self, body: bytes) -> Reply:
        """Answer a request, or a batch of requests in order."""
        try:
            asked = json.loads(body)
        except ValueError:
            return _refuse(RpcError(PARSE_ERROR, "Parse error"), {"id": None})
        if isinstance(asked, dict):
            return await self._answer_one(asked)
        if not isinstance(asked, list):
            return _refuse(RpcError(PARSE_ERROR, "Top-level object parse error"), {"id": None})
        replies = [
            await self._answer_one(one)
            if isinstance(one, dict)
            else _refuse(RpcError(INVALID_REQUEST, "Invalid Request object"), {})
            for one in asked
        ]
        return Reply(200, [reply.content for reply in replies if reply.content is not None])

    async def _answer_one(self, asked: dict[str, Any]) -> Reply:
        try:
            result = await self._call(*_read(asked))
        except RpcError as error:
            return _refuse(error, asked)
        if not _is_version_2(asked):
            return Reply(200, {"result": result, "error": None, **_id(asked)})
        if "id" not in asked:
            return Reply(204, None)
        return Reply(200, {"jsonrpc": "2.0", "result": result, **_id(asked)})

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


def _refuse(error: RpcError, asked: dict[str, Any]) -> Reply:
    wrong = {"code": error.code, "message": error.message}
    if not _is_version_2(asked):
        return Reply(_HTTP_STATUS.get(error.code, 500), {"result": None, "error": wrong, **_id(asked)})
    return Reply(200, {"jsonrpc": "2.0", "error": wrong, **_id(asked)}) if "id" in asked else Reply(204, None)


def _is_version_2(asked: dict[str, Any]) -> bool:
    return asked.get("jsonrpc") == "2.0"


def _id(asked: dict[str, Any]) -> dict[str, Any]:
    """The id of the request, if it has one."""
    return {"id": asked["id"]} if "id" in asked else {}
