"""Notification services (mail, Telegram, ntfy, Matrix and many more) through Apprise.

Each message is sent by a subprocess, which is killed on timeout.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from monitor.alerts.delivery import messages
from monitor.errors import ConfigError, ReceiverAway, ReceiverRefused
from monitor.model import Dispatch
from monitor.outputs.receiver import Receiver

_PROGRAM = "monitor.alerts.delivery.apprise_process"
_ENVIRONMENT_PREFIX = "POOL_MONITOR_"


class AppriseReceiver(Receiver):
    """One Apprise URL, which is a secret. Pending changes are combined into one message."""

    batch = 20

    def __init__(self, url: str, *, page: str, seconds: float) -> None:
        digest = hashlib.sha256(url.encode()).hexdigest()
        super().__init__(f"apprise {url.partition('://')[0]} {digest[:6]}")
        self.timeout = seconds + 5
        self._url = url
        self._page = page
        self._seconds = seconds

    async def deliver(self, changes: Sequence[Dispatch]) -> str:
        """Send one message with all of these changes."""
        result = await self._run(
            {
                "subject": messages.subject(changes),
                "text": messages.text(changes, messages.alerts_address(self._page, [each.alert for each in changes])),
                "notify_type": messages.notify_type(changes),
            }
        )
        if not result["sent"]:
            raise ReceiverAway(result["warnings"] or f"{result['service']} did not accept the message")
        return f"accepted by {result['service']}"

    async def probe(self) -> str:
        """Validate the URL; only a message shows whether the service is reachable."""
        return f"{(await self._run({}))['service']} (reachability is known only after a message)"

    async def run(self) -> None:
        """Validate the URL, which only Apprise can do; all others are checked with the configuration.

        Raises:
            ConfigError: Apprise rejects it.
        """
        try:
            await self.probe()
        except ReceiverAway:
            return
        except ReceiverRefused as error:
            raise ConfigError(f"alerts.apprise: {self.name}: {error}", remedy="correct the address") from None

    async def _run(self, message: Mapping[str, str]) -> dict[str, Any]:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-P", "-m", _PROGRAM, start_new_session=True, env=_environment(),
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        request = json.dumps({"url": self._url, "seconds": self._seconds, **message})
        try:
            async with asyncio.timeout(self._seconds):
                output, _ = await process.communicate(request.encode())
        except TimeoutError:
            raise ReceiverAway(f"no answer within {self._seconds:g} seconds") from None
        finally:
            if process.returncode is None:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                await process.wait()
        try:
            result: dict[str, Any] = json.loads(output)
        except ValueError:
            raise ReceiverAway(f"the Apprise subprocess ended with exit status {process.returncode}") from None
        if result["service"] is None:
            raise ReceiverRefused(f"Apprise rejects this URL ({result['warnings']})")
        return result


def _environment() -> dict[str, str]:
    """The environment without our configuration, which may hold other secrets."""
    return {name: value for name, value in os.environ.items() if not name.upper().startswith(_ENVIRONMENT_PREFIX)}
