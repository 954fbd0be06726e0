"""The conversation with one server: lines in, jobs and answers out. Pure.

We subscribe, and authorise if a user name is configured. Nothing is ever submitted; what the server asks is not
answered; where it wants to send us is noted, and not followed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from monitor import __version__
from monitor.errors import StratumError
from monitor.model import Coinbase
from monitor.stratum.messages import Job, Message, read, read_extranonce, read_job, request
from monitor.text import excerpt

_SUBSCRIBE, _AUTHORISE = 1, 2
_MAX_REASON = 120


class Announced(NamedTuple):
    """A job, with its coinbase; None where that cannot be decoded."""

    job: Job
    coinbase: Coinbase | None


@dataclass(slots=True)
class Session:
    """One connection, without its bytes."""

    user: str | None = None
    password: str = ""
    extranonce: tuple[bytes, int] | None = None
    """Our part, and the size of the miner's; None before the server has said it."""
    refusal: str | None = None
    """Why the server does not know our user name; many send jobs all the same."""
    reconnects_refused: int = 0
    """How often the server asked us to connect to another address."""

    def hello(self) -> bytes:
        """The first line."""
        return request(_SUBSCRIBE, "mining.subscribe", f"pool-monitor/{__version__}")

    def receive(self, line: bytes) -> tuple[Announced | None, bytes]:
        """Take a line; returns its job, if it is one, and what to send.

        Raises:
            StratumError: the line is not of the protocol, or the server refuses the subscription.
        """
        message = read(line)
        match message.method:
            case None:
                return None, self._answered(message)
            case "mining.notify":
                job = read_job(message.params)
                first, size = self.extranonce or (b"", 0)
                return Announced(job, job.coinbase(first + bytes(size))), b""
            case "mining.set_extranonce":
                if len(message.params) >= 2:
                    self.extranonce = read_extranonce(message.params[0], message.params[1])
            case "client.reconnect":
                self.reconnects_refused += 1
            case _:
                pass  # set_difficulty, show_message, get_version, set_version_mask and others: no job
        return None, b""

    def _answered(self, message: Message) -> bytes:
        if message.id == _SUBSCRIBE:
            result = message.result
            if message.error or not isinstance(result, list) or len(result) < 3:
                raise StratumError(f"the subscription was refused: {_reason(message.error)}")
            self.extranonce = read_extranonce(result[1], result[2])
            return request(_AUTHORISE, "mining.authorize", self.user, self.password) if self.user else b""
        if message.id == _AUTHORISE and message.result is not True:
            self.refusal = f"the user name was refused: {_reason(message.error)}"
        return b""


def _reason(error: object) -> str:
    """What the server says, which is not trusted."""
    said = error[1] if isinstance(error, list) and len(error) > 1 else error
    return excerpt(said, _MAX_REASON) if said and isinstance(said, str) else "no reason given"
