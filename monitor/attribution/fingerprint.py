"""What identifies the miner of an unattributed coinbase: payouts, signature and structure.

Whatever changes from block to block is folded away, so that the same miner leaves the same marks. Whatever many miners
share is left out, so that different miners leave different ones.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256
from typing import NamedTuple

from monitor.attribution.commitments import AUXPOW, OP_RETURN, signed_text
from monitor.attribution.signature import MANY_LETTERS, lead, letters, signature
from monitor.model import Coinbase

_MAX_SCRIPT_BYTES = 100
"""By consensus."""
_ANYONE = (
    bytes.fromhex("a914da1745e9b549bd0bfa1a569971c77eba30cd5a4b87"),  # OP_TRUE as P2SH
    bytes.fromhex("00204ae81572f06e1b88fd5ced7a1a000945432e83e1551e6f721ee9c00b8cc33260"),  # OP_TRUE as P2WSH
)
_KINDS = (
    ("p2pkh", re.compile(rb"\x76\xa9\x14.{20}\x88\xac", re.DOTALL)),
    ("p2sh", re.compile(rb"\xa9\x14.{20}\x87", re.DOTALL)),
    ("p2wpkh", re.compile(rb"\x00\x14.{20}", re.DOTALL)),
    ("p2wsh", re.compile(rb"\x00\x20.{32}", re.DOTALL)),
    ("p2tr", re.compile(rb"\x51\x20.{32}", re.DOTALL)),
    ("p2pk", re.compile(rb"\x21[\x02\x03].{32}\xac|\x41\x04.{64}\xac", re.DOTALL)),
)
"""Scripts that take a key to spend, so that being paid by them says something."""


_MANY = 4
"""Payouts and data outputs are counted up to here."""
_COUNTS = ("no", "one", "two", "three", "four or more")


class Structure(NamedTuple):
    """How a coinbase is built."""

    pushes: tuple[int, ...] = ()
    """Lengths of the numbers that are pushed before the text, without the height."""
    payouts: int = 0
    """Outputs with a value, up to four."""
    main: str | None = None
    """Type of the script that gets more than half of the reward, if it takes a key to spend."""
    data_outputs: int = 0
    """OP_RETURN outputs, up to four."""
    merge_mined: bool = False
    """Whether it has a merge-mining commitment."""

    @property
    def key(self) -> str:
        """What pseudonyms depend on: it must not change."""
        return (
            f"pushes {' '.join(map(str, self.pushes)) or 'none'}; "
            f"{_key(self.payouts)} paid, most to {self.main or 'none'}; {_key(self.data_outputs)} notes; "
            f"{'merge-mined' if self.merge_mined else 'not merge-mined'}"
        )

    def __str__(self) -> str:
        """For people."""
        return (
            f"{self._before}, {self._paid}, {_counted(self.data_outputs, 'data output')}, "
            f"{'merge mining' if self.merge_mined else 'no merge mining'}"
        )

    @property
    def _before(self) -> str:
        if not self.pushes:
            return "no extra pushes"
        *first, last = map(str, self.pushes)
        return f"extra pushes of {', '.join(first)} and {last} bytes" if first else f"an extra push of {last} bytes"

    @property
    def _paid(self) -> str:
        counted = _counted(self.payouts, "payout")
        if self.main is None:
            return counted
        return f"{counted} ({self.main.upper()})" if self.payouts == 1 else f"{counted}, most to {self.main.upper()}"


def _key(count: int) -> str:
    return f"{count}+" if count == _MANY else str(count)


def _counted(count: int, noun: str) -> str:
    return f"{_COUNTS[count]} {noun}{'' if count == 1 else 's'}"


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """The marks of one coinbase: small, hashable, a function of the coinbase alone."""

    payout: bytes | None
    """The script that gets more than half of the reward; None where there is none, or anyone could spend it."""
    text: str | None
    """What the miner signs, folded; printable but for tabs. None where that is nothing, or what many sign."""
    structure: Structure

    @property
    def shape(self) -> tuple[str, str] | None:
        """The text as evidence. A short one counts only together with the structure."""
        if self.text is None:
            return None
        return (self.text, "" if letters(self.text) >= MANY_LETTERS else self.structure.key)

    @property
    def digest(self) -> str:
        """Hex digits that stand for payout and shape."""
        return sha256(repr((self.payout, self.shape)).encode()).hexdigest()


def fingerprint(coinbase: Coinbase) -> Fingerprint:
    """The marks of this coinbase."""
    script = signed_text(Coinbase(coinbase.script[:_MAX_SCRIPT_BYTES], ()))
    pushes, start = lead(script)
    payout = main_payout(coinbase)
    structure = Structure(
        tuple(pushes),
        payouts=min(_MANY, sum(output.value_sat > 0 for output in coinbase.outputs)),
        main=None if payout is None else _kind(payout),
        data_outputs=min(_MANY, sum(output.script[:1] == OP_RETURN for output in coinbase.outputs)),
        merge_mined=AUXPOW in coinbase.script,
    )
    return Fingerprint(payout, signature(script[start:]), structure)


def main_payout(coinbase: Coinbase) -> bytes | None:
    """The script that gets more than half of the reward; None where there is none, or anyone could spend it."""
    main = coinbase.main_output
    return main.script if main and _kind(main.script) else None


def _kind(script: bytes) -> str | None:
    if script in _ANYONE:
        return None
    return next((kind for kind, form in _KINDS if form.fullmatch(script)), None)
