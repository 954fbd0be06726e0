"""Notifications to the service manager: ready, status, watchdog, stopping.

The protocol is sd_notify(3): datagrams with lines of text to the socket that the manager names. Without a manager
nothing is sent.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import NoReturn

_POLL_SECONDS = 2.0
"""Between checks of whether the status has changed; shorter if the watchdog interval is."""


class ServiceManager:
    """The service manager that started the process, if there is one."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        """Read the socket and the watchdog interval from the environment."""
        address = environment.get("NOTIFY_SOCKET", "")
        self._address = "\0" + address[1:] if address.startswith("@") else address
        ours = environment.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        interval = environment.get("WATCHDOG_USEC", "") if ours else ""
        self._watchdog_seconds = int(interval) / 1e6 if interval.isdigit() else None

    def ready(self) -> None:
        """The web server answers. This does not depend on the node, which may be away for days: see /readyz."""
        self._send("READY=1")

    def stopping(self) -> None:
        """The daemon is shutting down."""
        self._send("STOPPING=1\nSTATUS=stopping")

    async def keep_informed(self, status: Callable[[], str], *, moves: Callable[[], bool] = lambda: True) -> NoReturn:
        """Send the status when it changes, and watchdog messages as long as the event loop runs and intake moves.

        Args:
            status: returns a sentence; called every two seconds.
            moves: whether intake does not stand still.
        """
        pause = min(_POLL_SECONDS, (self._watchdog_seconds or _POLL_SECONDS) / 3)
        sent = None
        while True:
            now = " ".join(status().split())  # a second line would be another message
            lines = [f"STATUS={now}"] if now != sent else []
            self._send("\n".join([*lines, *(["WATCHDOG=1"] if self._watchdog_seconds and moves() else [])]))
            sent = now
            await asyncio.sleep(pause)

    def _send(self, text: str) -> None:
        if not (self._address and text):
            return
        # A manager that is gone or does not read must neither stop nor delay the daemon.
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as channel:
            channel.sendto(text.encode(), self._address)
