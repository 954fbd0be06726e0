"""Parts of answers, checked before they are used: a node may answer with any JSON, by fault or on purpose."""

from __future__ import annotations

import re
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from monitor.errors import NodeBusy
from monitor.model import BlockHash

MISSHAPEN = (KeyError, TypeError, ValueError, AttributeError, IndexError, ArithmeticError)
"""Raised where an answer is JSON of another shape than Bitcoin's."""
_HASH = re.compile(r"[0-9a-f]{64}")

_P = ParamSpec("_P")
_T = TypeVar("_T")


def understood(ask: Callable[_P, Coroutine[Any, Any, _T]]) -> Callable[_P, Coroutine[Any, Any, _T]]:
    """Let a request raise `NodeBusy` where its answer has another shape than expected."""

    @wraps(ask)
    async def asked(*args: _P.args, **kwargs: _P.kwargs) -> _T:
        try:
            return await ask(*args, **kwargs)
        except MISSHAPEN as error:
            raise NodeBusy(f"the node's answer has another shape than expected ({error!r})") from None

    return asked


def block_hash(value: object) -> BlockHash:
    """A hash in display order.

    Raises:
        ValueError: it is none.
    """
    if not isinstance(value, str) or not _HASH.fullmatch(value):
        raise ValueError("a block hash has 64 hexadecimal digits")
    return BlockHash(value)


def number(value: object, *, bits: int = 32) -> int:
    """A whole number, not negative, of at most so many bits.

    Raises:
        ValueError: it is none.
    """
    if not isinstance(value, int) or not 0 <= value < 1 << bits:
        raise ValueError(f"a number of at most {bits} bits was expected")
    return value


def signed(value: object) -> int:
    """A whole number of 32 bits, which may be negative.

    Raises:
        ValueError: it is none.
    """
    if not isinstance(value, int) or not -(1 << 31) <= value < 1 << 31:
        raise ValueError("a number of 32 bits was expected")
    return value
