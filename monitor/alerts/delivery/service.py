"""Notification services: mail, Telegram, ntfy, Matrix and a hundred more, through Apprise.

Each message is given to a process of its own that is killed when it hangs.
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
from monitor.errors import ReceiverAway, ReceiverRefused
from monitor.model import Dispatch
from monitor.outputs.receiver import Receiver

_PROGRAM = "monitor.alerts.delivery.apprise_process"
_OURS = "POOL_MONITOR_"


class Service(Receiver):
    """One address of Apprise's. What waited is told in one message: nobody reads forty.

    Args:
        url: as Apprise writes them; a secret.
        link: where people read more.
        seconds: how long a message may take.
    """

    batch = 20

    def __init__(self, url: str, *, link: str, seconds: float) -> None:
        digest = hashlib.sha256(url.encode()).hexdigest()
        super().__init__(f"apprise {url.partition('://')[0]} {digest[:6]}")
        self.timeout = seconds + 5
        self._url = url
        self._link = link
        self._seconds = seconds

    async def deliver(self, changes: Sequence[Dispatch]) -> str:
        """Send one message about all of these changes."""
        answer = await self._run(
            {
                "subject": messages.subject(changes),
                "text": messages.text(changes, self._link),
                "gravity": messages.gravity(changes),
            }
        )
        if not answer["taken"]:
            raise ReceiverAway(answer["said"] or f"{answer['service']} did not take it, and Apprise does not say why")
        return f"{answer['service']} took it"

    async def probe(self) -> str:
        """Whether the address is one; that somebody is there shows only in a message."""
        return f"{(await self._run({}))['service']}, which only a message can try"

    async def _run(self, message: Mapping[str, str]) -> dict[str, Any]:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-P", "-m", _PROGRAM, start_new_session=True, env=_environment(),
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        job = json.dumps({"url": self._url, "seconds": self._seconds, **message})
        try:
            async with asyncio.timeout(self._seconds):
                written, _ = await process.communicate(job.encode())
        except TimeoutError:
            raise ReceiverAway(f"no answer within {self._seconds:g} seconds") from None
        finally:
            if process.returncode is None:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                await process.wait()
        try:
            answer: dict[str, Any] = json.loads(written)
        except ValueError:
            raise ReceiverAway(f"the process that calls Apprise ended with status {process.returncode}") from None
        if answer["service"] is None:
            raise ReceiverRefused(f"Apprise does not know what this address is ({answer['said']})")
        return answer


def _environment() -> dict[str, str]:
    """Ours, without what it says of other secrets."""
    return {name: value for name, value in os.environ.items() if not name.upper().startswith(_OURS)}
