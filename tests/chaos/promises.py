"""What must hold once everything is well again, compared with what was mined. Each function returns what is broken."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

from support.daemon import Daemon
from support.databases import ask
from support.hook import Posted
from support.mosquitto import Heard

from monitor.store.integrity import check

WITNESS = "witness"
"""A receiver that acknowledges nothing, so that the store keeps every change of an alert."""


def history(url: str, chain: Sequence[str], mined: set[str]) -> Iterator[str]:
    """Each mined block is stored once; those of the node's best chain are the best chain, each on its parent."""
    rows = ask(url, "SELECT height, hash, parent, stale FROM blocks ORDER BY height")
    best = [(height, bytes(hash_).hex(), bytes(parent).hex()) for height, hash_, parent, stale in rows if not stale]
    first = best[0][0] if best else 0
    if [hash_ for height, hash_, _ in best if height] != list(chain[max(first, 1) - 1 :]):
        yield f"the stored best chain is not the node's: {len(best)} blocks from {first}, not {len(chain)}"
    yield from (f"block {above[0]} is not on its parent" for below, above in pairwise(best) if above[2] != below[1])
    hashes = [bytes(hash_).hex() for height, hash_, *_ in rows if height]
    yield from (f"block {each} was never mined" for each in hashes if each not in mined)
    if len(set(hashes)) != len(hashes):
        yield "a block is stored twice"
    if (registries := ask(url, "SELECT count(DISTINCT registry) FROM attributions")) != [(1,)]:
        yield f"attributed by {registries} registries"
    yield from check(url, lambda _done, _all: None).problems


def alerts(url: str, taken: Sequence[Posted], firing: set[str]) -> Iterator[str]:
    """The webhook has each change at least once and in order, and what fires is what should."""
    rows = ask(url, "SELECT number, alert FROM alert_changes ORDER BY number")
    stored = {number: alert if isinstance(alert, dict) else json.loads(alert) for number, alert in rows}
    got = [each.document["data"] for each in taken]
    first = list(dict.fromkeys(each["number"] for each in got))
    if lost := stored.keys() - set(first):
        yield f"alerts lost: {sorted(lost)} of {len(stored)}"
    if first != sorted(first):
        yield f"alerts out of order: {first}"
    for each in got:
        if each["number"] not in stored:
            yield f"an alert that is not stored: {each['number']} {each['rule']} {each['state']}"
        elif (each["rule"], each["state"]) != tuple(stored[each["number"]][key] for key in ("rule", "state")):
            yield f"alert {each['number']} is another one than the stored one"
    last = {_key(each): each["state"] for each in sorted(got, key=lambda each: each["number"])}
    if (ours := {key for key, state in last.items() if state == "firing"}) != firing:
        yield f"the webhook believes that {sorted(ours)} fire, but {sorted(firing)} do"


def fires(daemon: Daemon) -> set[str]:
    """The alerts that fire, by what a monitor shows."""
    return {_key(each) for each in daemon.ask("/api/v1/alerts")["alerts"] if each["state"] == "firing"}


def _key(alert: dict[str, Any]) -> str:
    return f"{alert['rule']} {json.dumps(alert['labels'], sort_keys=True)}"


def acknowledged(url: str) -> bool:
    """Whether all receivers but the witness have every change."""
    behind = ask(
        url,
        "SELECT name FROM receivers WHERE name <> :witness"
        " AND done < (SELECT coalesce(max(number), 0) FROM alert_changes)",
        witness=WITNESS,
    )
    return not behind


def numbers(daemon: Daemon) -> list[dict[str, Any]]:
    """All that is published of each window."""
    answers = [daemon.ask(f"/api/v1/{question}") for question in ("concentration", "shares")]
    return [window for answer in answers for window in answer["windows"]]


def counts(daemon: Daemon, fresh: Daemon) -> Iterator[str]:
    """A monitor publishes what one that begins anew does."""
    for ours, theirs in zip(numbers(daemon), numbers(fresh), strict=True):
        if ours != theirs:
            differing = [key for key in theirs if ours.get(key) != theirs[key]]
            yield f"published numbers differ from a fresh count in {differing}: {ours} is not {theirs}"[:1500]
    if fires(daemon) != fires(fresh):
        yield f"{sorted(fires(daemon))} fire, by a fresh count {sorted(fires(fresh))}"


def broker(heard: Sequence[Heard], tip: str) -> Iterator[str]:
    """What the broker has retained is the newest."""
    shown = [each.document["hash"] for each in heard if each.topic.endswith("/tip")]
    if shown[-1:] != [tip]:
        yield f"the broker retains {shown[-1:]}, the tip is {tip}"
