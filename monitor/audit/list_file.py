"""The user's list of addresses: a text file with one address a line."""

from __future__ import annotations

from collections.abc import Callable, Iterable

_COMMENT = "#"


def read_addresses(lines: Iterable[str], script_of: Callable[[str], bytes]) -> tuple[frozenset[bytes], list[str]]:
    """The scripts of a list, and what in it is no address.

    Args:
        lines: an address each; empty lines and what follows `#` are left out.
        script_of: the script that an address stands for; raises ValueError for what is none.
    """
    scripts, wrong = set[bytes](), list[str]()
    for line in lines:
        address = line.partition(_COMMENT)[0].strip()
        if not address:
            continue
        try:
            scripts.add(script_of(address))
        except ValueError as error:
            wrong.append(str(error))
    return frozenset(scripts), wrong
