"""All errors of the program, as a tree. The message is one sentence; `remedy` says what to do about it.

PoolMonitorError            1  crashed: restart the process
├── ConfigError             2  invalid configuration: do not restart before it is changed
│   ├── RegistryError       2  invalid pool registry
│   ├── RulesError          2  invalid alert rules
│   └── ExtraMissing        2  a package that is installed on request only is missing
├── InputError              1  unreadable input of an offline command
├── NodeError               1  unexpected response from the node
│   ├── NodeAway            -  unreachable, warming up or downloading: retried, never fatal to the daemon
│   │   └── OnAnotherChain  -  follows another chain than the wanted one
│   ├── NodeBusy            -  temporary fault: retried
│   └── NodeRefused         2  wrong credentials or network: needs a change by the operator
├── ChainError              1  the node's answers contradict each other for longer than a reorg explains
│   └── InvalidBlock        -  a block breaks a consensus rule: the node is not believed, and asked again
├── WireError               1  bytes that do not parse as a block
│   └── Truncated           -  bytes that end early and may parse once there are more
├── StratumError            1  a stratum server is unreachable or breaks the protocol: the daemon connects again later
├── ReceiverError           -  an alert was not delivered; never fatal to the daemon
│   ├── ReceiverAway        -  unreachable, busy or failing: retried until the alert is accepted
│   └── ReceiverRefused     -  rejected by the receiver: retried for a limited time
└── StoreError              1  the database failed
    ├── StoreAway           -  the database server is unreachable: the daemon retries once it has used it
    ├── StoreLost           -  another process writes the database now: the daemon follows it
    └── StoreRefused        2  unusable database: from a newer version, or of another network
        └── StoreInUse      2  in use by another daemon

The number is the exit code of the process.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Self

from monitor.text import excerpt

_MOST_CHARACTERS = 500
"""Of a sentence in which a node may be quoted."""


class Exit(IntEnum):
    """Exit codes of the process, for its service manager."""

    STOPPED = 0
    """Stopped on request, or finished."""
    CRASHED = 1
    """Restart."""
    MISCONFIGURED = 2
    """Do not restart before the configuration was changed."""


class PoolMonitorError(Exception):
    """The root: an error with a message for the user.

    Args:
        problem: what is wrong, without a full stop.
        remedy: what to do about it, if known; `str` gives both as one sentence.
    """

    exit_code = Exit.CRASHED

    def __init__(self, problem: str = "", *, remedy: str | None = None) -> None:
        super().__init__(f"{problem}; {remedy}" if remedy else problem)
        self.problem = problem
        self.remedy = remedy


def explanations(error: BaseException) -> list[PoolMonitorError]:
    """What explains an error: itself if it is one of ours, each of a group of such; nothing if it is a defect."""
    if isinstance(error, BaseExceptionGroup):
        parts = [explanations(each) for each in error.exceptions]
        return [each for part in parts for each in part] if all(parts) else []
    return [error] if isinstance(error, PoolMonitorError) else []


class ConfigError(PoolMonitorError):
    """The configuration is invalid."""

    exit_code = Exit.MISCONFIGURED


class RegistryError(ConfigError):
    """The pool registry is invalid."""


class RulesError(ConfigError):
    """The alert rules are invalid."""


class ExtraMissing(ConfigError):  # noqa: N818 -- a state of the installation
    """A requested feature needs an extra: optional packages that are not installed.

    Args:
        extra: its name.
        purpose: what needs it, as the subject of a sentence.
    """

    def __init__(self, extra: str, purpose: str) -> None:
        # No command with a bare name: an index may have a stranger's package of that name.
        remedy = (
            f"install pool-monitor again from the wheel or checkout that it came from, with [{extra}] after its path; "
            "docs/how-to/install.md has the commands"
        )
        super().__init__(f"{purpose} needs the extra {extra!r}, which is not installed", remedy=remedy)


class InputError(PoolMonitorError):
    """A file or line of the user's input cannot be read."""


class NodeError(PoolMonitorError):
    """The node's response is unexpected. The message may quote the node: it is printable, and not long."""

    def __init__(self, problem: str = "", *, remedy: str | None = None) -> None:
        super().__init__(excerpt(problem, _MOST_CHARACTERS), remedy=remedy)


class NodeAway(NodeError):  # noqa: N818 -- a state of the node rather than an error here
    """The node is not reachable or not ready: wait."""


class OnAnotherChain(NodeAway):
    """The node follows another chain than the wanted one: wait until it does not."""

    @classmethod
    def of_network(cls, network: str) -> Self:
        """For an observer: its network is not that of the counted node."""
        return cls(
            f"it is on another network ({network}) than the counted node",
            remedy="correct its url, or remove it from [[nodes]]",
        )


class NodeBusy(NodeError):  # noqa: N818
    """A temporary fault: retry."""


class NodeRefused(NodeError):  # noqa: N818
    """The node rejects our requests until the operator changes something."""

    exit_code = Exit.MISCONFIGURED


class ChainError(PoolMonitorError):
    """The node's answers contradict each other."""


class InvalidBlock(ChainError):  # noqa: N818 -- says what is wrong with a block, not with the program
    """A block of the node breaks a consensus rule."""


class WireError(PoolMonitorError):
    """Bytes that do not parse as a block."""


class Truncated(WireError):  # noqa: N818
    """Bytes that end before the coinbase does."""


class StratumError(PoolMonitorError):
    """A stratum server is unreachable, or does not keep to the protocol. The message may quote it: it is printable."""


class ReceiverError(PoolMonitorError):
    """A receiver did not accept an alert."""


class ReceiverAway(ReceiverError):  # noqa: N818
    """The receiver is unreachable or failing: retry, after `seconds` if it asked for a pause."""

    def __init__(self, reason: str, seconds: float = 0.0) -> None:
        super().__init__(reason)
        self.seconds = seconds


class ReceiverRefused(ReceiverError):  # noqa: N818
    """The receiver rejected the alert."""


class StoreError(PoolMonitorError):
    """The database failed."""


class StoreAway(StoreError):  # noqa: N818 -- a state of the server
    """The database server is unreachable."""


class StoreLost(StoreError):  # noqa: N818 -- a state of the lease
    """The right to write the database has passed to another process."""


class StoreRefused(StoreError):  # noqa: N818
    """The database cannot be used."""

    exit_code = Exit.MISCONFIGURED


class StoreInUse(StoreRefused):
    """Another daemon uses the database."""


class StoreMissing(StoreRefused):
    """There is no database."""


class StoreOutdated(StoreRefused):
    """An older version of the program wrote the database."""
