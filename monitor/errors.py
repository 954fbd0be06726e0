"""What can go wrong, as a tree. Every message is one sentence that names the remedy; every branch has an exit code.

PoolMonitorError            1  crashed: restart me
├── ConfigError             2  the configuration is wrong: do not restart me before it is changed
│   ├── RegistryError       2  the pool registry is
│   ├── RulesError          2  the alert rules are
│   └── ExtraMissing        2  it needs a package that is installed on request only
├── InputError              1  what the user handed to an offline command cannot be read
├── NodeError               1  the node answered something we have no answer to
│   ├── NodeAway            -  not reachable, warming up, downloading: waited for, never fatal to the daemon
│   ├── NodeBusy            -  a passing fault: asked again
│   └── NodeRefused         2  wrong credentials, wrong network: a person must act
├── ChainError              1  the node's answers contradict each other for longer than a reorg explains
├── WireError               1  bytes that are no block
│   └── Truncated           -  bytes that may be a block once there are more of them
├── ReceiverError           -  who is to be told of an alert did not take it; never fatal to the daemon
│   ├── ReceiverAway        -  not reachable, busy, failing: told again until it is taken
│   └── ReceiverRefused     -  it will not have this: given up after a while, unless a person acts
└── StoreError              1  the database failed
    └── StoreRefused        2  the database is not ours to use: from a newer version, or another network
        └── StoreInUse      2  another daemon uses it
"""

from __future__ import annotations

import sys
from enum import IntEnum


class Exit(IntEnum):
    """What the process tells its service manager."""

    STOPPED = 0
    """Asked to stop, or done."""
    CRASHED = 1
    """Start me again."""
    MISCONFIGURED = 2
    """Do not start me again before something was changed."""


class PoolMonitorError(Exception):
    """The root: an error whose message is meant for people."""

    exit_code = Exit.CRASHED


class ConfigError(PoolMonitorError):
    """The configuration is wrong."""

    exit_code = Exit.MISCONFIGURED


class RegistryError(ConfigError):
    """The pool registry is wrong."""


class RulesError(ConfigError):
    """The rules of the alerts are wrong."""


class ExtraMissing(ConfigError):  # noqa: N818 -- a state of the installation
    """Something was asked for that needs an extra: packages that are installed on request only.

    Args:
        extra: its name.
        purpose: what needs it, as the subject of a sentence.
    """

    def __init__(self, extra: str, purpose: str) -> None:
        command = f"{sys.executable} -m pip install 'pool-monitor[{extra}]'"
        super().__init__(f"{purpose} needs the extra {extra!r}, which is not installed; run: {command}")


class InputError(PoolMonitorError):
    """A file or line that the user handed over cannot be read."""


class NodeError(PoolMonitorError):
    """The node answered something that we have no answer to."""


class NodeAway(NodeError):  # noqa: N818 -- a state of the world rather than a fault of ours
    """The node is not there yet, or not any more: wait."""


class NodeBusy(NodeError):  # noqa: N818
    """A passing fault: ask again."""


class NodeRefused(NodeError):  # noqa: N818
    """The node will not serve us until a person acts."""

    exit_code = Exit.MISCONFIGURED


class ChainError(PoolMonitorError):
    """The node's answers contradict each other."""


class WireError(PoolMonitorError):
    """Bytes that are no block."""


class Truncated(WireError):  # noqa: N818
    """Bytes that end before the coinbase does."""


class ReceiverError(PoolMonitorError):
    """Who is to be told of an alert did not take it."""


class ReceiverAway(ReceiverError):  # noqa: N818
    """It cannot be reached, or fails: tell it again, not before `seconds` have passed if it says so."""

    def __init__(self, reason: str, seconds: float = 0.0) -> None:
        super().__init__(reason)
        self.seconds = seconds


class ReceiverRefused(ReceiverError):  # noqa: N818
    """It answers that it will not have this."""


class StoreError(PoolMonitorError):
    """The database failed."""


class StoreRefused(StoreError):  # noqa: N818
    """The database is not ours to use."""

    exit_code = Exit.MISCONFIGURED


class StoreInUse(StoreRefused):
    """Another daemon uses the database."""
