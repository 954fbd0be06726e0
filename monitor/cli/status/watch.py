"""A live screen: updated on events of the daemon and on keys; the terminal is restored at the end."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
import termios
import time
import tty
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import aclosing, contextmanager, suppress
from dataclasses import replace

from rich.console import Console, ConsoleDimensions
from rich.live import Live

from monitor.cli.status.client import LEVELS, Choice, Client, Status
from monitor.cli.status.view import Shown, View, as_screen
from monitor.errors import PoolMonitorError

_REST_SECONDS = 0.5
"""Shortest time between two requests."""
_PATIENCE_SECONDS = 30.0
"""Longest time between two requests."""
_AGAIN_SECONDS = 2.0
"""Between two attempts while the daemon does not answer."""
_TICK_SECONDS = 1.0
"""Between redraws, because ages change."""
_ARROWS = {"A": "k", "B": "j"}
_ARROW = re.compile(r"\x1b[\[O]([AB])")
"""The sequences that the keys for up and down send."""


class Watch:
    """The state of one daemon, fetched again after each event."""

    def __init__(self, client: Client, choice: Choice) -> None:
        self.choice = choice
        self.view = View()
        self.trouble: str | None = None
        """Why the last request failed; None if it succeeded."""
        self._client = client
        self._wake = asyncio.Event()

    async def answers(self) -> AsyncGenerator[Status]:
        """Yield the state at once, then after each event; the previous state if a request fails.

        Raises:
            PoolMonitorError: the first request failed. Later ones are repeated until they succeed.
        """
        found = await self._client.ask(self.choice)
        listening = asyncio.create_task(self._listen())
        try:
            while True:
                yield found
                await asyncio.sleep(_AGAIN_SECONDS if self.trouble else _REST_SECONDS)
                if not self.trouble:
                    await _or_after(self._wake, _PATIENCE_SECONDS)
                self._wake.clear()
                try:
                    found, self.trouble = await self._client.ask(self.choice), None
                except PoolMonitorError as error:
                    self.trouble = str(error)
        finally:
            listening.cancel()
            with suppress(asyncio.CancelledError):
                await listening

    def choose(self, choice: Choice) -> None:
        """Change the level or window."""
        self.choice = choice
        self._wake.set()

    async def _listen(self) -> None:
        while True:
            async for _ in self._client.news():
                self._wake.set()
            self._wake.set()  # the stream has ended, and with it the daemon, perhaps
            await asyncio.sleep(_AGAIN_SECONDS)


async def print_changes(client: Client, choice: Choice, show: Callable[[Status], None]) -> None:
    """Show each state that differs from the one before, until the program is interrupted.

    Raises:
        PoolMonitorError: no daemon answers at the start.
    """
    watched, shown = Watch(client, choice), None
    async with aclosing(watched.answers()) as answers:
        async for found in answers:
            if not watched.trouble and found != shown:
                show(found)
                shown = found


async def watch(client: Client, choice: Choice, console: Console) -> None:
    """Show the live screen until q or Ctrl-C is pressed; Ctrl-Z ends it too.

    Raises:
        PoolMonitorError: no daemon answers at the start.
    """
    watched, stop, changed = Watch(client, choice), asyncio.Event(), asyncio.Event()
    heard = {signal.SIGINT: stop, signal.SIGTERM: stop, signal.SIGTSTP: stop, signal.SIGWINCH: changed}
    for number, event in heard.items():
        asyncio.get_running_loop().add_signal_handler(number, event.set)
    async with aclosing(watched.answers()) as answers:
        found = await anext(answers)  # raises before the screen opens

        async def follow() -> None:
            nonlocal found
            async for answer in answers:
                found = answer
                changed.set()

        async def draw() -> None:
            while True:
                changed.clear()
                _fit(console)
                shown = Shown(found, time.time(), watched.view, trouble=watched.trouble)
                live.update(as_screen(shown, width=console.width, height=console.height), refresh=True)
                await _or_after(changed, _TICK_SECONDS)

        def press(key: str) -> None:
            if key == "q":
                stop.set()
            watched.view = watched.view.after(key)
            choice = _chosen(key, watched.choice, found)
            if choice != watched.choice:
                watched.choose(choice)
            changed.set()

        with _keys(press), Live(console=console, screen=True, auto_refresh=False) as live:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(follow()), group.create_task(draw())]
                await stop.wait()
                for task in tasks:
                    task.cancel()


def _fit(console: Console) -> None:
    """Take the size of the terminal itself. COLUMNS and LINES, which a shell may export, do not change with it."""
    with suppress(OSError):
        console.size = ConsoleDimensions(*os.get_terminal_size(console.file.fileno()))


async def _or_after(event: asyncio.Event, seconds: float) -> None:
    """Wait for the event or the timeout. In Python 3.11 `wait_for` may lose a cancellation here."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()


def _chosen(key: str, choice: Choice, found: Status) -> Choice:
    """The choice after a key was pressed."""
    match key:
        case "l":
            return replace(choice, level=_next(choice.level or LEVELS[0], LEVELS))
        case "w" if found.status["windows"]:
            return replace(choice, window=_next(choice.window or found.window, found.status["windows"]))
        case _:
            return choice


def _next(one: str | None, several: Sequence[str]) -> str:
    return several[(several.index(one) + 1) % len(several)] if one in several else several[0]


@contextmanager
def _keys(press: Callable[[str], None]) -> Iterator[None]:
    """Call `press` for each key, if standard input is a terminal; restores the terminal at the end."""
    if not sys.stdin.isatty():
        yield
        return
    keyboard, loop = sys.stdin.fileno(), asyncio.get_running_loop()
    before = termios.tcgetattr(keyboard)

    def read() -> None:
        pressed = os.read(keyboard, 64)
        if not pressed:  # the terminal was closed
            loop.remove_reader(keyboard)
        for key in _ARROW.sub(lambda found: _ARROWS[found[1]], pressed.decode(errors="ignore")):
            press(key)

    try:
        tty.setcbreak(keyboard)
        loop.add_reader(keyboard, read)
        yield
    finally:
        loop.remove_reader(keyboard)
        termios.tcsetattr(keyboard, termios.TCSADRAIN, before)
