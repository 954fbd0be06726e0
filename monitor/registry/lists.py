"""The upstream lists: the copies that come with the program, and newer ones that the user took.

The user's copies are one file in the user's data directory, replaced as a whole. Each names the shipped copy that it
was taken instead of: when the program ships another one, that is the newer, and the user's no longer counts.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from platformdirs import user_data_path

from monitor.config import shipped
from monitor.errors import PoolMonitorError, RegistryError
from monitor.registry import upstream
from monitor.registry.decisions import Decisions
from monitor.registry.merge import Merged, merge
from monitor.registry.upstream import PoolList

UPSTREAM: Final = {
    "mempool": "https://raw.githubusercontent.com/mempool/mining-pools/master/pools-v2.json",
    "bitcoin-data": "https://raw.githubusercontent.com/bitcoin-data/mining-pools/generated/pool-list.json",
}
"""The upstream lists, by precedence of their names, with the address of the newest copy."""
MAX_BYTES = 4_000_000
"""A hundred times a list of today."""


@dataclass(frozen=True, slots=True)
class Copy:
    """A copy of a list."""

    list: PoolList
    document: object
    """The JSON that it was read from."""
    origin: str
    """Where it is from."""
    taken: str | None = None
    """When the user took it (ISO 8601, UTC); None: it came with the program."""


def files() -> tuple[Path, Path]:
    """The user's copies, and the user's decisions: both may be missing."""
    folder = user_data_path("pool-monitor") / "registry"
    return folder / "lists.json", folder / "decisions.toml"


def shipped_copies() -> dict[str, Copy]:
    """What comes with the program.

    Raises:
        RegistryError: it cannot be read.
    """
    copies = {}
    for source in UPSTREAM:
        path = shipped(f"pools/upstream/{source}.json")
        document = _load(path)
        copies[source] = Copy(upstream.read(document, source), document, str(path))
    return copies


def current_copies() -> dict[str, Copy]:
    """The newest of each list: the user's where it is newer than the program's, and can be read.

    Raises:
        RegistryError: the program's cannot be read.
    """
    copies = shipped_copies()
    return copies | _readable(copies)


def decisions() -> Decisions:
    """What is decided about the lists, by us and by the user.

    Raises:
        RegistryError: it cannot be read.
    """
    _, own = files()
    found = _decisions(shipped("pools/decisions.toml"))
    return found + _decisions(own) if _is_there(own) else found


def merged_copies(copies: Mapping[str, Copy]) -> Merged:
    """The registry that copies of the lists make, with what is decided about them."""
    return merge([copies[source].list for source in UPSTREAM], decisions())


def newer_registry() -> str | None:
    """The registry made with the user's copies and decisions; None where there are none that count.

    Raises:
        RegistryError: they cannot be used, with the reason.
    """
    own_copies, own_decisions = files()
    if not _is_there(own_copies) and not _is_there(own_decisions):
        return None
    copies = shipped_copies()
    newer = _newer(copies)
    if not newer and not _is_there(own_decisions):
        return None
    found = merged_copies(copies | newer)
    if found.undecided:
        raise RegistryError("; ".join(found.undecided))
    return found.text


def keep(copies: Sequence[Copy]) -> Path:
    """Remember copies for good, beside those kept before; whole or not at all.

    Raises:
        PoolMonitorError: they cannot be written.
    """
    path, _ = files()
    originals = shipped_copies()
    stored = {source: _stored(copy, originals[source]) for source, copy in _readable(originals).items()}
    stored |= {copy.list.source: _stored(copy, originals[copy.list.source]) for copy in copies}
    new = path.with_suffix(".new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with new.open("w", encoding="utf-8") as file:
            json.dump(stored, file, ensure_ascii=False, indent=1)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    except OSError as error:
        raise PoolMonitorError(f"{path} cannot be written ({error.strerror}); the registry is unchanged") from None
    return path


def _readable(originals: Mapping[str, Copy]) -> dict[str, Copy]:
    """The user's copies in force; empty if they cannot be read, which loading the registry reports."""
    try:
        return _newer(originals)
    except RegistryError:
        return {}


def _newer(originals: Mapping[str, Copy]) -> dict[str, Copy]:
    """The user's copies that count.

    Raises:
        RegistryError: they cannot be read.
    """
    path, _ = files()
    if not _is_there(path):
        return {}
    try:
        stored = _load(path)
        return {
            source: Copy(upstream.read(entry["list"], source), entry["list"], entry["from"], taken=entry["taken"])
            for source, entry in stored.items()
            if source in originals and entry["instead_of"] == _digest(originals[source].document)
        }
    except (KeyError, TypeError, AttributeError):
        raise RegistryError(f"{path} is not what `registry update` writes: remove it") from None


def _stored(copy: Copy, original: Copy) -> dict[str, object]:
    return {
        "taken": copy.taken,
        "from": copy.origin,
        "instead_of": _digest(original.document),
        "list": copy.document,
    }


def _digest(document: object) -> str:
    return sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()


def _is_there(path: Path) -> bool:
    """Whether we may read it, too: a service's home may be closed to it."""
    return os.access(path, os.R_OK)


def _decisions(path: Path) -> Decisions:
    return Decisions.parse(_text(path), origin=str(path))


def _load(path: Path) -> Any:  # noqa: ANN401 -- JSON is whatever it is
    try:
        return json.loads(_text(path))
    except (ValueError, RecursionError):
        raise RegistryError(f"{path} is not JSON: remove it, or reinstall pool-monitor") from None


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(2 * MAX_BYTES + 1)
        if len(data) > 2 * MAX_BYTES:
            raise RegistryError(f"{path} is too long for what it should be: remove it")
        return data.decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RegistryError(
            f"{path}: cannot be read ({error})", remedy="remove it, or reinstall pool-monitor"
        ) from None
