"""When the node first had each transaction. Bounded: the oldest are forgotten first."""

from __future__ import annotations

from collections.abc import Iterable

MOST_TRANSACTIONS = 400_000
"""About 100 MB. A mempool of the default size has hardly more than 100,000."""


class FirstSeen:
    """The first-seen times of the transactions that are in the mempool, or were there recently."""

    def __init__(self, most: int = MOST_TRANSACTIONS) -> None:
        self._most = most
        self._times: dict[str, float] = {}
        self._present: set[str] = set()

    def __len__(self) -> int:
        return len(self._times)

    def add(self, txid: str, at: float) -> None:
        """The transaction entered the mempool; Unix time."""
        self._times.setdefault(txid, at)
        self._present.add(txid)
        self._forget()

    def remove(self, txid: str) -> None:
        """The transaction left the mempool. Its time is kept for a while."""
        self._present.discard(txid)

    def show(self, txids: Iterable[str], at: float) -> None:
        """All transactions of the mempool at a time."""
        self._present = set(txids)
        for txid in self._present:
            self._times.setdefault(txid, at)
        self._forget()

    def time(self, txid: str) -> float | None:
        """When the transaction was first seen, Unix time; None if it never was."""
        return self._times.get(txid)

    def _forget(self) -> None:
        if len(self._times) <= self._most:
            return
        gone = [txid for txid in self._times if txid not in self._present]  # those first, and the oldest of each first
        there = [txid for txid in self._times if txid in self._present]
        for txid in [*gone, *there][: len(self._times) - self._most * 9 // 10]:
            del self._times[txid]
            self._present.discard(txid)
