"""What unattributed blocks sign and pay most often, ready to become entries of the registry."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

from monitor.attribution.clusters import TWICE, pseudonym, short, shown
from monitor.attribution.fingerprint import Fingerprint, fingerprint
from monitor.attribution.match import attribute
from monitor.attribution.signature import FOLD, MANY_LETTERS, UUID, letters
from monitor.model import Coinbase
from monitor.registry.address import address_of
from monitor.registry.pool import slug_of
from monitor.registry.registry import PoolRegistry

_MAX_ADDRESSES = 10
_MAX_NAME = 40


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A mark that several unattributed blocks have."""

    mark: str
    """The text, with what varies in it folded, or the address: safe to show, and bounded."""
    blocks: int
    """How many have it; at least two."""
    example: str
    """The first of them, as the caller names it."""
    entry: str
    """TOML for the user's registry file. Empty where it cannot hold the mark, such as a bare public key, or where the
    mark would not decide, as what a customer may have written."""


@dataclass(frozen=True, slots=True)
class Frequent:
    """The most frequent marks of each kind, the most frequent first."""

    texts: tuple[Suggestion, ...]
    payouts: tuple[Suggestion, ...]


def most_frequent(coinbases: Iterable[tuple[str, Coinbase]], *, network: str = "main", limit: int = 10) -> Frequent:
    """The marks that unattributed blocks have in common, at most `limit` of each kind.

    Each coinbase has what to call it as an example: its height or hash. Entries are for the section of the network.
    """
    texts: Counter[str] = Counter()
    payouts: Counter[bytes] = Counter()
    together: defaultdict[str, Counter[bytes]] = defaultdict(Counter)
    first: dict[str | bytes, tuple[str, Coinbase, Fingerprint]] = {}
    for example, coinbase in coinbases:
        found = fingerprint(coinbase)
        if found.text is not None:
            texts[found.text] += 1
            first.setdefault(found.text, (example, coinbase, found))
        if found.payout is not None:
            payouts[found.payout] += 1
            first.setdefault(found.payout, (example, coinbase, found))
        if found.text is not None and found.payout is not None:
            together[found.text][found.payout] += 1
    suggested_texts = []
    for text, blocks in _most(texts, limit):
        example, coinbase, found = first[text]
        entry = _text_entry(text, together[text], network, fallback=pseudonym(found))
        suggested_texts.append(Suggestion(short(text), blocks, example, entry=_if_it_decides(entry, coinbase, network)))
    suggested_payouts = []
    for payout, blocks in _most(payouts, limit):
        example, coinbase, found = first[payout]
        entry = _if_it_decides(_payout_entry([payout], network, pseudonym(found)), coinbase, network)
        suggested_payouts.append(Suggestion(shown(payout, network), blocks, example, entry=entry))
    return Frequent(tuple(suggested_texts), tuple(suggested_payouts))


def _if_it_decides(entry: str, example: Coinbase, network: str) -> str:
    """The entry, if the block is attributed by it."""
    if not entry:
        return ""
    registry = PoolRegistry.parse(entry, network=network)
    return entry if attribute(example, registry).pool in registry.by_slug else ""


_Mark = TypeVar("_Mark", str, bytes)


def _most(counted: Counter[_Mark], limit: int, *, least: int = TWICE) -> list[tuple[_Mark, int]]:
    """The most frequent, ties in the alphabet's order; once is not frequent."""
    ranked = sorted(counted.items(), key=lambda entry: (-entry[1], entry[0]))
    return [(mark, blocks) for mark, blocks in ranked[:limit] if blocks >= least]


def _text_entry(text: str, payouts: Counter[bytes], network: str, *, fallback: str) -> str:
    """A tag is looked for byte by byte, so only a piece in which nothing varies will do; else the payouts must."""
    piece = max((piece.strip() or piece for piece in re.split(f"{FOLD}|{UUID}", text)), key=letters)
    if letters(piece) < 3:
        return _payout_entry([payout for payout, _ in _most(payouts, _MAX_ADDRESSES, least=1)], network, fallback)
    name = " ".join(re.sub(r"[^A-Za-z0-9 ._-]+", " ", piece).split())[:_MAX_NAME].strip()
    named = name if len(slug_of(name)) >= 3 else fallback
    return _entry(network, named, **{"tags" if letters(piece) >= MANY_LETTERS else "plain_tags": [piece]})


def _payout_entry(payouts: list[bytes], network: str, name: str) -> str:
    addresses = [address for payout in payouts if (address := address_of(payout, network))]
    return _entry(network, name, addresses=addresses) if addresses else ""


def _entry(network: str, name: str, **marks: list[str]) -> str:
    """As the registry's own file is written; JSON's strings and arrays are TOML's too."""
    values = {"slug": slug_of(name), "name": name, "kind": "pool", **marks}
    lines = [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in values.items()]
    return "\n".join([f"[[{network}.pool]]", *lines]) + "\n"
