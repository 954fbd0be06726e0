"""Answers of a node, checked before they are used: a node may answer with any JSON, by fault or on purpose."""

from __future__ import annotations

import re
from collections.abc import Callable, Coroutine
from decimal import Decimal
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from monitor.errors import NodeBusy
from monitor.model import BlockHash
from monitor.text import excerpt

MISSHAPEN = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError)
"""Raised where an answer is JSON of another shape than Bitcoin's."""
_MOST = 1 << 64
"""No number of an answer is as large: work is written in hexadecimal."""
_MOST_CHARACTERS = 200
_HASH = re.compile(r"[0-9a-f]{64}")
_HEX = re.compile(r"[0-9a-f]*")
_DATA = {"data", "hex"}
"""Names of data in hexadecimal: raw transactions."""

_P = ParamSpec("_P")
_T = TypeVar("_T")


class UnexpectedValueError(ValueError):
    """A part of an answer is not what it should be; the message says so in plain words."""


def misshapen(error: Exception) -> NodeBusy:
    """The temporary fault of a node, for one of `MISSHAPEN` that its answer caused."""
    match error:
        case UnexpectedValueError():
            detail = f": {error}"
        case KeyError():
            detail = f": {error} is missing"
        case _:
            detail = ""
    return NodeBusy(f"the node's answer has another shape than expected{detail}")


def understood(ask: Callable[_P, Coroutine[Any, Any, _T]]) -> Callable[_P, Coroutine[Any, Any, _T]]:
    """Let a request raise `NodeBusy` where its answer has another shape than expected."""

    @wraps(ask)
    async def asked(*args: _P.args, **kwargs: _P.kwargs) -> _T:
        try:
            return await ask(*args, **kwargs)
        except MISSHAPEN as error:
            raise misshapen(error) from None

    return asked


def bounded(value: Any) -> Any:  # noqa: ANN401 -- JSON of any shape
    """An answer that can be used and shown: numbers are finite, and texts inside it are printable and not long.

    Decimals become floats. A text that is the whole answer is a hash, or data in hexadecimal, and is kept; so is data
    in hexadecimal below the names that it has in answers, as in those of block templates.

    Raises:
        UnexpectedValueError: a number is not.
    """
    match value:
        case dict():
            return {excerpt(name, _MOST_CHARACTERS): _within(each, name) for name, each in value.items()}
        case list():
            return [_within(each) for each in value]
        case int() | float() | Decimal():
            if not -_MOST < value < _MOST:  # NaN is not either
                raise UnexpectedValueError("a number is infinite or too large")
            return float(value) if isinstance(value, Decimal) else value
        case _:
            return value


def _within(value: Any, name: str = "") -> Any:  # noqa: ANN401
    if not isinstance(value, str):
        return bounded(value)
    return value if name in _DATA and _HEX.fullmatch(value) else excerpt(value, _MOST_CHARACTERS)


def block_hash(value: object) -> BlockHash:
    """A hash in display order.

    Raises:
        UnexpectedValueError: it is none.
    """
    if not isinstance(value, str) or not _HASH.fullmatch(value):
        raise UnexpectedValueError("a block hash has 64 hexadecimal digits")
    return BlockHash(value)


def number(value: object, *, bits: int = 32, signed: bool = False) -> int:
    """A whole number of at most so many bits; not negative unless `signed`.

    Raises:
        UnexpectedValueError: it is none.
    """
    low, high = (-(1 << bits - 1), 1 << bits - 1) if signed else (0, 1 << bits)
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value < high:
        raise UnexpectedValueError(f"a whole number of at most {bits} bits was expected")
    return value
