"""Whether libzmq may be started: asked of the C library, which asks the kernel."""

from __future__ import annotations

import ctypes
import errno
import os

import pytest

from monitor import libzmq


class _Refusing:
    """A C library of which one function fails."""

    def __init__(self, refused: str) -> None:
        self._refused = refused

    def __getattr__(self, name: str) -> object:
        return lambda *_: errno.EPERM if name == self._refused else 0


def test_nothing_refuses_it_here() -> None:
    assert libzmq.refusal() is None


@pytest.mark.parametrize("call", ["pthread_getschedparam", "pthread_setschedparam"])
def test_a_call_that_is_refused_is_the_reason(call: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda _: _Refusing(call))

    assert os.strerror(errno.EPERM) in (libzmq.refusal() or "")
