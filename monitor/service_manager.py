"""What a service manager is told: that we are up, how things stand, that we are alive, that we are about to stop.

The protocol is sd_notify(3): lines of text, a datagram each time, to the socket that the manager names. Without a
manager nothing is said.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import NoReturn

_LOOK_SECONDS = 2.0
"""Between looks at whether the status has changed; more often where the watchdog wants it."""


class ServiceManager:
    """Who started us, if it wants to hear from us."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        """Read from the environment where the manager listens, and how often it wants a sign of life."""
        address = environment.get("NOTIFY_SOCKET", "")
        self._address = "\0" + address[1:] if address.startswith("@") else address
        ours = environment.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        patience = environment.get("WATCHDOG_USEC", "") if ours else ""
        self._patience_seconds = int(patience) / 1e6 if patience.isdigit() else None

    def ready(self) -> None:
        """We serve. It says nothing of the node, which may be away for days: that is for the status and /readyz."""
        self._say("READY=1")

    def stopping(self) -> None:
        """We were asked to stop, and do."""
        self._say("STOPPING=1\nSTATUS=stopping")

    async def keep_informed(self, status: Callable[[], str]) -> NoReturn:
        """Tell the status when it changes, and that the event loop is alive: this is its task, so it must be.

        Args:
            status: a sentence for people; asked for every other second.
        """
        pause = min(_LOOK_SECONDS, (self._patience_seconds or _LOOK_SECONDS) / 3)
        told = None
        while True:
            now = " ".join(status().split())  # a second line would be a message of its own
            lines = [f"STATUS={now}"] if now != told else []
            self._say("\n".join([*lines, *(["WATCHDOG=1"] if self._patience_seconds else [])]))
            told = now
            await asyncio.sleep(pause)

    def _say(self, text: str) -> None:
        if not (self._address and text):
            return
        # A manager that is gone or does not read must neither stop us nor make us wait; its watchdog will tell it.
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as line:
            line.sendto(text.encode(), self._address)
