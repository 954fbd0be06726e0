"""Methods that are one transaction: queries and changes, as functions of a connection, become methods of the store."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeAlias, TypeVar

from sqlalchemy import Connection

_P = ParamSpec("_P")
_T = TypeVar("_T")
_Query: TypeAlias = Callable[Concatenate[Connection, _P], _T]
_Method: TypeAlias = Callable[Concatenate[Any, _P], Coroutine[Any, Any, _T]]


class StorePart:
    """A part of the store. Every call is one transaction."""

    def __init__(self, write: Callable[..., Any], read: Callable[..., Any]) -> None:
        self._write = write
        self._read = read


def reads(query: _Query[_P, _T]) -> _Method[_P, _T]:
    """The method that runs `query` on a thread, by the `_read` of its object."""

    @wraps(query)
    async def method(self: Any, /, *args: _P.args, **kwargs: _P.kwargs) -> _T:  # noqa: ANN401 -- any store
        found: _T = await self._read(lambda connection: query(connection, *args, **kwargs))
        return found

    return method


def writes(change: _Query[_P, _T]) -> _Method[_P, _T]:
    """The method that runs `change` on the thread of the writer, by the `_write` of its object."""

    @wraps(change)
    async def method(self: Any, /, *args: _P.args, **kwargs: _P.kwargs) -> _T:  # noqa: ANN401 -- any store
        found: _T = await self._write(lambda connection: change(connection, *args, **kwargs))
        return found

    return method
