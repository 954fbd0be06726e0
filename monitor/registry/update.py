"""Taking a newer copy of an upstream list: fetch it, look for every doubt, show what changes, and only then keep it."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
from yarl import URL

from monitor.config import RegistrySection
from monitor.errors import InputError, RegistryError
from monitor.model import PoolSlug
from monitor.proxies import proxy_of, through
from monitor.registry import PoolRegistry, lists, upstream
from monitor.registry.address import NETWORKS
from monitor.registry.changes import Changes, changes
from monitor.registry.lists import Copy
from monitor.registry.loading import load_pools, load_registry
from monitor.registry.merge import Merged
from monitor.registry.pool import Pool
from monitor.registry.upstream import PoolList

_TIMEOUT = aiohttp.ClientTimeout(total=30)
_HOPS = 3
_CHUNK = 65_536
MAX_NEW_MARKS = 100
"""Addresses and tags that a newer copy may add to one pool."""
LEAST_SHARE = (4, 5)
"""A newer copy has at least four fifths of the pools of the one it replaces: else it is cut off, or something else."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """Newer copies, and what taking them would mean."""

    copies: tuple[Copy, ...]
    changes: Changes | None
    """None: the registry cannot even be made."""
    doubts: tuple[str, ...]
    """Each a reason not to take them."""
    notes: tuple[str, ...]
    """What is worth knowing and no reason against it."""


async def fetch(origin: str) -> bytes:
    """What is at an https address, or in a file.

    Raises:
        InputError: it cannot be had, is too long, or the address is not https.
    """
    if "://" not in origin:
        return _read(Path(origin))
    if urlsplit(origin).scheme != "https":
        raise InputError(
            f"{origin} is not https: anyone on the way could change the list", remedy="give an https address"
        )
    try:
        async with aiohttp.ClientSession(timeout=_TIMEOUT) as session:
            return await download(session, origin)
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        raise InputError(
            f"{origin} cannot be fetched ({str(error) or 'no answer in time'})", remedy="try again later"
        ) from None


async def download(session: aiohttp.ClientSession, url: str) -> bytes:
    """The body behind `url`, if it is not too long, and no redirection leads to another host or protocol.

    The proxy is that of the environment.

    Raises:
        ValueError: it is not an HTTP proxy.
        InputError: it is too long, or redirections lead elsewhere, or do not end.
        aiohttp.ClientError: it cannot be had.
    """
    at = URL(url)
    for _ in range(_HOPS + 1):
        async with session.get(at, allow_redirects=False, raise_for_status=True, **through(proxy_of(url))) as response:
            target = response.headers.get("Location") if 300 <= response.status < 400 else None
            if target is None:
                return await _body(response, url)
            there = at.join(URL(target))
            if there.origin() != at.origin():
                raise InputError(f"{url} leads to another host or protocol", remedy=f"if you trust it, give {there}")
            at = there
    raise InputError(f"{url} leads from one address to the next, without end")


async def _body(response: aiohttp.ClientResponse, url: str) -> bytes:
    body = bytearray()
    async for chunk in response.content.iter_chunked(_CHUNK):
        body += chunk
        if len(body) > lists.MAX_BYTES:
            raise InputError(f"{url} is longer than {lists.MAX_BYTES} bytes, which no list is")
    return bytes(body)


def read(data: bytes, origin: str, *, source: str | None, now: datetime) -> Copy:
    """A copy of a list, taken now: the one called `source`, or where that is None, the one that it resembles.

    Raises:
        InputError: it is not a list of pools, or resembles neither upstream list.
    """
    try:
        document = json.loads(data)
        found = upstream.read(document, source or "", origin=origin)
    except RegistryError as error:
        raise InputError(str(error)) from None
    except (ValueError, RecursionError):
        raise InputError(f"{origin} is not JSON") from None
    if source is None:
        found = replace(found, source=_resembled(found, origin))
    return Copy(found, document, origin, taken=now.isoformat(timespec="seconds"))


def propose(copies: Sequence[Copy], section: RegistrySection, *, let_go: Collection[str] = ()) -> Proposal:
    """Look at newer copies of different lists from every side.

    The user's additions to the registry, by `section`, must remain valid. Pools with a slug in `let_go` may be removed.

    Raises:
        RegistryError: what is there already cannot be read.
    """
    current = lists.current_copies()
    merged = lists.merged_copies(current | {copy.list.source: copy for copy in copies})
    known = load_registry(section)
    before = load_pools()
    after, doubts = _made(merged)
    cut_off = [
        f"list {new.source} has {len(new.pools)} pools, and had {len(old.pools)}: it may be cut off"
        for new, old in ((copy.list, current[copy.list.source].list) for copy in copies)
        if len(new.pools) * LEAST_SHARE[1] < len(old.pools) * LEAST_SHARE[0]
    ]
    doubts += cut_off
    if after and not cut_off:
        named = {row.pool for row in known.memberships.rows}
        vanishing = [before.by_slug[slug] for slug in sorted(before.by_slug.keys() - after.by_slug.keys())]
        doubts += _vanishing(vanishing, let_go, named)
        doubts += _swelling(before, after)
    notes = [note for copy in copies for note in copy.list.notes] + list(merged.idle)
    return Proposal(tuple(copies), changes(before, after) if after else None, tuple(doubts), notes=tuple(notes))


def _made(merged: Merged) -> tuple[PoolRegistry | None, list[str]]:
    """The registry of mainnet, and why it or another network's cannot be used."""
    if merged.undecided:
        return None, list(merged.undecided)
    try:
        made = {network: PoolRegistry.parse(merged.text, network=network) for network in NETWORKS}
    except RegistryError as error:
        return None, [str(error)]
    return made["main"], []


def _vanishing(pools: Sequence[Pool], let_go: Collection[str], named: Collection[PoolSlug]) -> Iterator[str]:
    for pool in pools:
        slug = pool.slug
        if slug in named:
            yield f"pool {slug} would vanish, but a membership names it: keep it with [[add]] in {lists.files()[1]}"
        elif (pool.addresses or pool.tags or pool.plain_tags) and slug not in let_go:
            tags = len(pool.tags) + len(pool.plain_tags)
            marks = f"{len(pool.addresses)} addresses and {tags} tags"
            yield f"pool {slug} would vanish with its {marks}: if that is right, use --let-go {slug}"


def _swelling(before: PoolRegistry, after: PoolRegistry) -> Iterator[str]:
    for slug, pool in after.by_slug.items():
        old = before.by_slug.get(slug)
        more = _marks(pool) - (_marks(old) if old else 0)
        if more > MAX_NEW_MARKS:
            yield f"pool {slug} would have {more} addresses and tags more: a list never adds so many at once"


def _marks(pool: Pool) -> int:
    return len(pool.addresses) + len(pool.tags) + len(pool.plain_tags)


def _resembled(given: PoolList, origin: str) -> str:
    """The list of which it is a copy: lists differ in names, links and marks, and copies of one differ little."""
    ours = set(given.pools)
    shares = sorted(
        (len(ours & set(copy.list.pools)) / len(ours | set(copy.list.pools)), source)
        for source, copy in lists.current_copies().items()
    )
    (second, _), (first, source) = shares[-2:]
    if 4 * first < 5 * second or not first:
        raise InputError(f"{origin} resembles no list more than the other", remedy="say which it is with --list")
    return source


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(lists.MAX_BYTES + 1)
    except OSError as error:
        raise InputError(
            f"cannot read {str(path)!r}: {error.strerror}", remedy="name a file, or an https address"
        ) from None
    if len(data) > lists.MAX_BYTES:
        raise InputError(f"{path} is longer than {lists.MAX_BYTES} bytes, which no list is")
    return data
