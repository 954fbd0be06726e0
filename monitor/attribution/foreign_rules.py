"""How two other systems decide, each with its own list: to be compared with, never to be believed.

Written from what the two are observed to do, not from what they are written in. `MempoolRules` stands for mempool.space
(early 2026), `CrateRules` for the Rust crate bitcoin-pool-identification, which fork-observer, miningpool-observer and
mainnet-observer use. Their special names for single pools are left out: they name miners inside a pool.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar, Protocol

from monitor.model import Coinbase, Method
from monitor.registry.address import script_of
from monitor.registry.upstream import Listed, PoolList


@dataclass(frozen=True, slots=True)
class Verdict:
    """What another system says."""

    pool: Listed
    method: Method
    mark: str
    """The address or tag that decided, as its list has it."""


class ForeignRules(Protocol):
    """Another system."""

    name: ClassVar[str]
    """What to call it."""
    known: PoolList
    """The pools that it knows."""

    def judge(self, coinbase: Coinbase) -> Verdict | None:
        """The pool that it names; None: unknown."""


class MempoolRules:
    """One pool of the list after the other: first its addresses, then its tags.

    So an early pool's tag beats a later pool's address. Only outputs with a value count, and off mainnet no address at
    all. A tag is a JavaScript regular expression without regard to capitals, looked for in the script read as one
    letter from each byte.
    """

    name: ClassVar[str] = "mempool.space"

    def __init__(self, pools: PoolList, network: str = "main") -> None:
        self.known = pools
        self._pools = [
            (
                pool,
                _scripts(pool, network) if network == "main" else {},
                [(tag, pattern) for tag in pool.tags if (pattern := as_pattern(tag))],
            )
            for pool in pools.pools
        ]

    def judge(self, coinbase: Coinbase) -> Verdict | None:
        """The pool that mempool.space names; None: unknown."""
        paid = [output.script for output in coinbase.outputs if output.value_sat]
        text = coinbase.script.decode("latin-1")
        for pool, addresses, patterns in self._pools:
            for script in paid:
                if script in addresses:
                    return Verdict(pool, Method.ADDRESS, addresses[script])
            for tag, pattern in patterns:
                if pattern.search(text):
                    return Verdict(pool, Method.TAG, tag)
        return None


class CrateRules:
    """Addresses of all pools first, the smallest output before the others; then tags in the list's order.

    A tag is compared letter by letter with the script read as UTF-8 (what is none replaced), without its line feeds.
    """

    name: ClassVar[str] = "bitcoin-pool-identification"

    def __init__(self, pools: PoolList, network: str = "main") -> None:
        self.known = pools
        self._payees: dict[bytes, tuple[Listed, str]] = {}
        for pool in pools.pools:
            for script, address in _scripts(pool, network).items():
                self._payees.setdefault(script, (pool, address))

    def judge(self, coinbase: Coinbase) -> Verdict | None:
        """The pool that the crate names; None: unknown."""
        for output in sorted(coinbase.outputs, key=lambda output: output.value_sat):
            if output.script in self._payees:
                pool, address = self._payees[output.script]
                return Verdict(pool, Method.ADDRESS, address)
        text = coinbase.script.decode("utf-8", "replace").replace("\n", "")
        for pool in self.known.pools:
            for tag in pool.tags:
                if tag in text:
                    return Verdict(pool, Method.TAG, tag)
        return None


def _scripts(pool: Listed, network: str) -> dict[bytes, str]:
    found = {}
    for address in pool.addresses:
        try:
            found[script_of(address, network)] = address
        except ValueError:
            continue  # another network's, or none: such an address is never paid here
    return found


_UNREAD = re.compile(r"[\\()\[\]{}]|[*+?]\+|[\^$|][*+?]")
"""What no tag has had so far, and what the two languages read differently or only one of them reads."""


def as_pattern(tag: str) -> re.Pattern[str] | None:
    r"""A tag as the regular expression that JavaScript makes of it, with its flag `i`.

    Three differences between the languages matter: JavaScript's dot stops at `\r` too, its `$` means the very end only,
    and it never takes a letter of ASCII and another for the same. None for what it is not safe to translate (groups,
    classes, counts, escapes), which is taken never to match.
    """
    if _UNREAD.search(tag):
        return None
    try:
        return re.compile("".join(map(_as_python, tag)))
    except re.error:
        return None


def _as_python(letter: str) -> str:
    match letter:
        case ".":
            return r"[^\n\r\u2028\u2029]"
        case "$":
            return r"\Z"
        case "^" | "|" | "*" | "+" | "?":
            return letter
    return f"[{''.join(re.escape(form) for form in _forms(letter))}]"


def _forms(letter: str) -> Iterable[str]:
    """A letter and its other case, where that is one letter, and ASCII if this one is."""
    others = (form for form in (letter.upper(), letter.lower()) if len(form) == 1)
    return sorted({letter, *(form for form in others if form.isascii() == letter.isascii())})
