"""A screen that is kept up to date: it asks the daemon after each event, keys choose, and the terminal is restored."""

from __future__ import annotations

import asyncio
import os
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
from monitor.cli.status.view import Shown, as_screen
from monitor.errors import PoolMonitorError

_REST_SECONDS = 0.5
"""Between two questions, however fast blocks come."""
_PATIENCE_SECONDS = 30.0
"""The daemon is asked this often even without an event."""
_AGAIN_SECONDS = 2.0
"""Between two attempts while the daemon does not answer."""
_TICK_SECONDS = 1.0
"""The ages on the screen are drawn anew this often."""


class Watch:
    """The newest answers of one daemon."""

    def __init__(self, client: Client, choice: Choice) -> None:
        self.choice = choice
        self.trouble: str | None = None
        """Why the newest answer is out of date."""
        self._client = client
        self._bell = asyncio.Event()

    async def answers(self) -> AsyncGenerator[Status]:
        """The first one at once, then one after each event; the last one again while the daemon does not answer.

        Raises:
            PoolMonitorError: the first question failed. Later ones are asked again until they succeed.
        """
        found = await self._client.ask(self.choice)
        listening = asyncio.create_task(self._listen())
        try:
            while True:
                yield found
                await asyncio.sleep(_AGAIN_SECONDS if self.trouble else _REST_SECONDS)
                if not self.trouble:
                    await _or_after(self._bell, _PATIENCE_SECONDS)
                self._bell.clear()
                try:
                    found, self.trouble = await self._client.ask(self.choice), None
                except PoolMonitorError as error:
                    self.trouble = str(error)
        finally:
            listening.cancel()
            with suppress(asyncio.CancelledError):
                await listening

    def choose(self, choice: Choice) -> None:
        """Show something else, soon."""
        self.choice = choice
        self._bell.set()

    async def _listen(self) -> None:
        while True:
            async for _ in self._client.news():
                self._bell.set()
            self._bell.set()  # the stream has ended, perhaps because the daemon has
            await asyncio.sleep(_AGAIN_SECONDS)


async def tell(client: Client, choice: Choice, say: Callable[[Status], None]) -> None:
    """Say every answer that differs from the one before, until the program is ended.

    Raises:
        PoolMonitorError: no daemon answers at the start.
    """
    watched, said = Watch(client, choice), None
    async with aclosing(watched.answers()) as answers:
        async for found in answers:
            if not watched.trouble and found != said:
                say(found)
                said = found


async def watch(client: Client, choice: Choice, console: Console) -> None:
    """Fill the terminal until q or Ctrl-C is pressed; Ctrl-Z ends it too, since the screen cannot be suspended.

    Raises:
        PoolMonitorError: no daemon answers at the start.
    """
    watched, stop, changed = Watch(client, choice), asyncio.Event(), asyncio.Event()
    heard = {signal.SIGINT: stop, signal.SIGTERM: stop, signal.SIGTSTP: stop, signal.SIGWINCH: changed}
    for number, event in heard.items():
        asyncio.get_running_loop().add_signal_handler(number, event.set)
    async with aclosing(watched.answers()) as answers:
        found = await anext(answers)  # without a daemon there is no screen

        async def follow() -> None:
            nonlocal found
            async for answer in answers:
                found = answer
                changed.set()

        async def draw() -> None:
            while True:
                changed.clear()
                _fit(console)
                shown = Shown(found, time.time(), watched.choice.window, watched.trouble)
                live.update(as_screen(shown, width=console.width, height=console.height), refresh=True)
                await _or_after(changed, _TICK_SECONDS)

        def press(key: str) -> None:
            if key == "q":
                stop.set()
            watched.choose(_chosen(key, watched.choice, found.status["windows"]))
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
    """Wait for an event, but not longer. In Python 3.11 `wait_for` may lose a cancellation here."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()


def _chosen(key: str, choice: Choice, windows: Sequence[str]) -> Choice:
    """What a key chooses: the next level or window."""
    match key:
        case "l":
            return replace(choice, level=_next(choice.level or LEVELS[0], LEVELS))
        case "w" if windows:
            return replace(choice, window=_next(choice.window or windows[0], windows))
        case _:
            return choice


def _next(one: str, several: Sequence[str]) -> str:
    return several[(several.index(one) + 1) % len(several)] if one in several else several[0]


@contextmanager
def _keys(press: Callable[[str], None]) -> Iterator[None]:
    """Call `press` for each key, if there is a keyboard; afterwards the terminal is as it was."""
    if not sys.stdin.isatty():
        yield
        return
    keyboard, loop = sys.stdin.fileno(), asyncio.get_running_loop()
    before = termios.tcgetattr(keyboard)

    def read() -> None:
        pressed = os.read(keyboard, 64)
        if not pressed:  # the terminal is closed
            loop.remove_reader(keyboard)
        for key in pressed.decode(errors="ignore"):
            press(key)

    try:
        tty.setcbreak(keyboard)
        loop.add_reader(keyboard, read)
        yield
    finally:
        loop.remove_reader(keyboard)
        termios.tcsetattr(keyboard, termios.TCSADRAIN, before)
