"""A real terminal around a program: what it shows, keys pressed on it, another size."""

from __future__ import annotations

import asyncio
import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
from collections.abc import Mapping, Sequence
from typing import Any, Self

import pyte

from support.services import PATIENCE

_TAKING_THE_TERMINAL = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""
"""Before the program begins: its standard input is where Ctrl-C and a new size come from."""


class Terminal:
    """Runs a program in a pseudoterminal while it is entered, and reads what it paints."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], *, columns: int, lines: int) -> None:
        self.raw = b""
        """Every byte that was written."""
        self._command, self._environment = command, environment
        self._screen = pyte.Screen(columns, lines)
        self._stream = pyte.ByteStream(self._screen)
        self._painted = asyncio.Event()

    async def __aenter__(self) -> Self:
        self._ours, self._theirs = pty.openpty()
        os.set_blocking(self._ours, False)
        self.before = self.modes()
        self._set_size()
        self._start()
        asyncio.get_running_loop().add_reader(self._ours, self._read)
        return self

    async def __aexit__(self, *_: object) -> None:
        asyncio.get_running_loop().remove_reader(self._ours)
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        os.close(self._ours)
        os.close(self._theirs)

    @property
    def text(self) -> str:
        """What is to be seen now."""
        return "\n".join(self._screen.display)

    def modes(self) -> list[Any]:
        """How the terminal treats what is typed: echo, lines, signals."""
        return termios.tcgetattr(self._theirs)

    def press(self, keys: str) -> None:
        """Type."""
        os.write(self._ours, keys.encode())

    def resize(self, *, columns: int, lines: int) -> None:
        """Make the window another size; the program is told as a real terminal tells it."""
        self._screen.resize(lines, columns)
        self._screen.reset()  # only what is painted for the new size counts
        self._set_size()

    async def shows(self, *words: str, but_not: str | None = None, last: str = "", seconds: float = 10) -> str:
        """The screen, once it shows what is expected. It is painted in pieces, and at first perhaps for another size.

        Args:
            words: all of them are somewhere.
            but_not: is nowhere.
            last: how the last line begins.
            seconds: how long it may take on a quiet machine.

        Raises:
            AssertionError: it does not come to that; the message is the screen.
        """

        def expected() -> bool:
            lacks = any(each not in self.text for each in words) or not self.text.splitlines()[-1].startswith(last)
            return not lacks and (but_not is None or but_not not in self.text)

        try:
            async with asyncio.timeout(PATIENCE * seconds):
                while not expected():
                    self._painted.clear()
                    await self._painted.wait()
        except TimeoutError:
            raise AssertionError(f"it should show {words}, and not {but_not!r}:\n{self.text}") from None
        return self.text

    async def ends(self, *, seconds: float = 5) -> int:
        """The program's exit status."""
        return await asyncio.to_thread(self._process.wait, PATIENCE * seconds)

    def _start(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", _TAKING_THE_TERMINAL, *self._command], start_new_session=True,
            stdin=self._theirs, stdout=self._theirs, stderr=self._theirs,
            env={**self._environment, "TERM": "xterm-256color"},
        )  # fmt: skip

    def _read(self) -> None:
        try:
            painted = os.read(self._ours, 65536)
        except OSError:  # the other end is closed
            asyncio.get_running_loop().remove_reader(self._ours)
            return
        self.raw += painted
        self._stream.feed(painted)
        self._painted.set()

    def _set_size(self) -> None:
        size = struct.pack("HHHH", self._screen.lines, self._screen.columns, 0, 0)
        fcntl.ioctl(self._ours, termios.TIOCSWINSZ, size)
