"""JSON-RPC as in Bitcoin Core, version 1: errors by HTTP status, `result` and `error`, parameters by position."""

from __future__ import annotations

import inspect
import json
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from monitor.embedded.methods import MISC, WARMING_UP, Methods, RpcError, json_response
from monitor.embedded.state import State

INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
PARSE_ERROR = -32700

_HTTP_STATUS = {INVALID_REQUEST: 400, METHOD_NOT_FOUND: 404}
_METHODS = {name for name in vars(Methods) if not name.startswith("_")}


class Rpc:
    """Answers RPC requests."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._methods = Methods(state)

    async def answer(self, body: bytes) -> web.Response:
        """Answer a request."""
        asked: dict[str, Any] = {"id": None}
        status, result, error = 200, None, None
        try:
            asked = _read(body)
            result = await self._call(asked.get("method"), asked.get("params") or [])
        except RpcError as failed:
            status = _HTTP_STATUS.get(failed.code, 500)
            error = {"code": failed.code, "message": failed.message}
        id_ = {"id": asked["id"]} if "id" in asked else {}
        return json_response({"result": result, "error": error, **id_}, status)

    async def _call(self, method: object, params: object) -> object:
        if method is None:
            raise RpcError(INVALID_REQUEST, "Missing method")
        if not isinstance(method, str):
            raise RpcError(INVALID_REQUEST, "Method must be a string")
        if not isinstance(params, list):
            raise RpcError(INVALID_REQUEST, "Params must be an array or object")
        if self._state.warming_up:
            raise RpcError(WARMING_UP, "Loading block index…")
        if method not in _METHODS:
            raise RpcError(METHOD_NOT_FOUND, "Method not found")
        self._state.asked[method] += 1
        function: Callable[..., object] = getattr(self._methods, method)
        try:
            inspect.signature(function).bind(*params)
        except TypeError:
            raise RpcError(MISC, f"{method}: wrong number of parameters") from None
        answer = function(*params)
        return await answer if isinstance(answer, Awaitable) else answer


def _read(body: bytes) -> dict[str, Any]:
    try:
        asked = json.loads(body)
    except ValueError:
        raise RpcError(PARSE_ERROR, "Parse error") from None
    if not isinstance(asked, dict):
        raise RpcError(PARSE_ERROR, "Top-level object parse error")
    return asked
