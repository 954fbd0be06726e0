"""What `pool-monitor stratum` prints."""

from __future__ import annotations

import json
import time
from datetime import datetime
from typing import Any

import typer
from pydantic import ValidationError
from rich.text import Text

from monitor.attribution.match import attribute
from monitor.cli.status.client import Client
from monitor.cli.tables import console, facts, table
from monitor.config import Config, StratumEndpoint
from monitor.errors import InputError
from monitor.outputs.schemas.base import iso
from monitor.registry.address import address_of
from monitor.registry.loading import Registry, load_registry, network_of
from monitor.stratum import probe as probing
from monitor.stratum.session import Announced
from monitor.text import coinbase_text, printable
from monitor.wire import bip34_height

_PAYOUTS = 10


async def show(config: Config, url: str | None, *, as_json: bool) -> None:
    """Print the state of the watch of a running daemon.

    Raises:
        PoolMonitorError: none answers.
    """
    async with Client(config, url) as client:
        found = await client.read("stratum", has="off")
    if as_json:
        typer.echo(json.dumps(found))
        return
    out = console()
    if found["off"]:
        out.print(f"Nothing is watched: {found['off']}.")
        return
    names = {each["pool"]: each["name"] for each in found["pools"]}
    pools = table("pool", "works on", "newest job", "template", "lag", "first", "empty first", "faulty",
                  right={"lag", "first", "empty first", "faulty"})  # fmt: skip
    for each in found["pools"]:
        pools.add_row(*map(Text, _pool_row(each)))
    out.print(pools)
    for each in found["endpoints"]:
        if each["reason"]:
            out.print(Text(f"{each['name']} ({names.get(each['pool'], each['pool'])}): {each['reason']}"))
    if found["shared"]:
        shared = table("pools", "from", "to", "similarity", "templates", "by chance", title="Shared templates")
        for each in found["shared"]:
            pair = " and ".join(names.get(pool, pool) for pool in each["pools"])
            alike = each["similarity"]
            shared.add_row(
                Text(pair), each["since"][:16], each["until"][:16],
                f"{100 * alike['value']:.1f} % ({100 * alike['lower']:.1f}-{100 * alike['upper']:.1f})",
                f"{each['jobs']:,} on {each['rounds']:,} blocks", f"{each['p']:.1g}",
            )  # fmt: skip
        out.print(shared)
    for each in found["faults"][:_PAYOUTS]:
        out.print(Text(f"faulty job of {', '.join(each['pools'])}: {each['detail']}, on top of {each['parent']}"))


async def probe(
    config: Config, server: str, *, user: str | None, jobs: int, seconds: float, as_json: bool
) -> None:  # fmt: skip
    """Print the jobs that a server sends.

    Raises:
        InputError: it is no address.
        StratumError: no job comes.
    """
    url = server if "://" in server else f"stratum+tcp://{server}"
    try:
        endpoint = StratumEndpoint(pool="probe", url=url, user=user or config.stratum.user)
    except ValidationError:
        raise InputError(f"{server[:80]!r} is no HOST:PORT", remedy="for example solo.ckpool.org:3333") from None
    found = await probing.probe(endpoint, config.stratum.proxy, jobs=jobs, seconds=seconds)
    registry = load_registry(config.registry, network_of(config))
    for each in found.jobs:
        said = _described(each, registry)
        if as_json:
            typer.echo(json.dumps(said))
            continue
        rows = {name.replace("_", " "): value for name, value in said.items() if name not in {"payouts", "branches"}}
        out = console()
        out.print(facts([
            *((name, "" if value is None else str(value)) for name, value in rows.items()),
            ("merkle branches", str(len(said["branches"]))),
            *(("pays", f"{pay['value_sat']:,} sat to {pay['address'] or pay['script']}") for pay in said["payouts"]),
        ]))  # fmt: skip
        out.print()
    if found.session.refusal:
        typer.echo(found.session.refusal, err=True)


def _described(announced: Announced, registry: Registry) -> dict[str, Any]:
    """A job, as JSON."""
    job, coinbase = announced
    pool = attribute(coinbase, registry.pools).pool if coinbase else None
    return {
        "job": printable(job.id),
        "parent": job.parent,
        "height": bip34_height(coinbase.script) if coinbase else None,
        "version": f"{job.version:08x}",
        "bits": f"{job.bits:08x}",
        "time": iso(job.time),
        "clean": job.clean,
        "pool": pool,
        "text": coinbase_text(coinbase.script) if coinbase else "the coinbase cannot be decoded",
        "value_sat": coinbase.value_sat if coinbase else None,
        "payouts": [
            {
                "value_sat": output.value_sat, "script": output.script.hex(),
                "address": address_of(output.script, registry.pools.network),
            }
            for output in (coinbase.outputs[:_PAYOUTS] if coinbase else ())
            if output.value_sat
        ],
        "branches": [each.hex() for each in job.branches],
    }  # fmt: skip


def _pool_row(each: dict[str, Any]) -> list[str]:
    pace = each["pace"]
    where = f"{each['height'] or '?'} {each['position']}" if each["position"] else "-"
    template = "-" if not each["last_job_at"] else "empty" if not each["branches"] else str(each["group"] or "own")
    row = [each["name"] + ("" if each["up"] else " (away)"), where, _age(each["last_job_at"]), template]
    if pace is None:
        return [*row, "-", "-", "-", "-"]
    lag, empty = pace["lag_seconds"], pace["empty_first"]
    return [
        *row, f"{lag['value']:.2f} s ({lag['lower']:.2f}-{lag['upper']:.2f})", f"{pace['first']} of {pace['rounds']}",
        f"{100 * empty['value']:.0f} % ({100 * empty['lower']:.0f}-{100 * empty['upper']:.0f})", str(pace["faults"]),
    ]  # fmt: skip


def _age(moment: str | None) -> str:
    if moment is None:
        return "-"
    return f"{max(0.0, time.time() - datetime.fromisoformat(moment).timestamp()):.0f} s ago"
