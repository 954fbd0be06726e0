"""What the upstream lists leave open, decided by hand: read and checked.

config/pools/README.md explains the kinds of decisions.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from monitor.documents import parse_toml
from monitor.errors import RegistryError
from monitor.registry.document import located
from monitor.registry.pool import Kind, Place

_MARKS: Final = {"address": str, "tag": str, "addresses": list, "tags": list, "plain_tags": list}
_KEYS: Final[Mapping[str, Mapping[str, type]]] = {
    "same": {"slug": str, "other": str},
    "give": {"pool": str},
    "drop": {"pool": str},
    "custodian": {"name": str},
    "add": {"pool": str},
    "plain": {"tags": list},
    "kind": {"kind": str, "pools": list},
    "place": {"place": str, "pools": list},
}
"""The kinds of decisions, in the order in which they are applied, each with its required keys."""
WORDS: Final = tuple(_KEYS)
_MAY: Final[Mapping[str, type]] = {"reason": str, "name": str, "link": str, **_MARKS}


@dataclass(frozen=True, slots=True)
class Decision:
    """One entry."""

    word: str
    entry: Mapping[str, Any]

    @property
    def reason(self) -> str:
        """Why."""
        return str(self.entry.get("reason", ""))

    @property
    def marks(self) -> tuple[tuple[str, str], ...]:
        """The addresses and tags that it is about, each as `("address", ...)` or `("tag", ...)`."""
        single = [(kind, self.entry[kind]) for kind in ("address", "tag") if kind in self.entry]
        addresses = [("address", text) for text in self.entry.get("addresses", ())]
        return (*single, *addresses, *(("tag", text) for text in self.entry.get("tags", ())))


@dataclass(frozen=True, slots=True)
class Decisions:
    """All entries."""

    entries: tuple[Decision, ...] = ()

    @classmethod
    def parse(cls, text: str, *, origin: str = "decisions") -> Decisions:
        """Read TOML.

        Raises:
            RegistryError: it cannot be used, with the place.
        """
        with located(origin):
            return cls.of(parse_toml(text))

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Decisions:
        """The same from TOML that was read already."""
        if unknown := sorted(set(document) - set(WORDS)):
            raise RegistryError(f"decisions: unknown word {unknown[0]!r}: write one of {', '.join(WORDS)}")
        return cls(tuple(Decision(word, entry) for word in WORDS for entry in _entries(document.get(word, []), word)))

    def __add__(self, other: Decisions) -> Decisions:
        both = (*self.entries, *other.entries)
        return Decisions(tuple(sorted(both, key=lambda decision: WORDS.index(decision.word))))

    def of_word(self, word: str) -> list[Decision]:
        """Those of one kind."""
        return [decision for decision in self.entries if decision.word == word]

    def on(self, kind: str, text: str) -> Decision | None:
        """The decision about an address or tag; None: there is none."""
        return next((decision for decision in self.entries if (kind, text) in decision.marks), None)

    @property
    def aliases(self) -> Mapping[str, str]:
        """From slugs that only a list knows to ours."""
        return {decision.entry["other"]: decision.entry["slug"] for decision in self.of_word("same")}


def _entries(entries: object, word: str) -> Iterable[Mapping[str, Any]]:
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise RegistryError(f"decisions: {word} must be an array of tables: write [[{word}]]")
    for at, entry in enumerate(entries):
        _check(entry, word, f"decisions.{word}[{at}]")
        yield MappingProxyType(entry)


def _check(entry: Mapping[str, Any], word: str, where: str) -> None:
    for key in _KEYS[word]:
        if key not in entry:
            raise RegistryError(f"{where}: {key} is missing: add it")
    known = {**_KEYS[word], **_MAY}
    for key, value in entry.items():
        if key not in known:
            raise RegistryError(f"{where}: unknown key {key!r}: remove it, or write one of {', '.join(sorted(known))}")
        texts = value if known[key] is list else [value]
        if not isinstance(value, known[key]) or not all(isinstance(text, str) for text in texts):
            raise RegistryError(f"{where}: {key} must be {'a list of texts' if known[key] is list else 'a text'}")
    choices: Mapping[str, Iterable[str]] = {"kind": Kind, "place": Place}
    if word in choices and entry[word] not in set(choices[word]):
        raise RegistryError(f"{where}: {word} {entry[word]!r} is none of {', '.join(choices[word])}: correct it")
    if word == "give" and ("address" in entry) + ("tag" in entry) != 1:
        raise RegistryError(f"{where}: must give one address or one tag: correct it")
