"""Are alerts lost, or told twice, when those who are told behave badly for 10,000 blocks? Does memory grow?

The daemon is a process of its own on the embedded node, which plays mainnet's history block by block, with a race now
and then. Rules are set so low that alerts come and go all the time. Those who are told, at once:

- a webhook that by turns answers, answers 500, hangs, refuses connections, and answers after it was given up on
- two that speak Alertmanager's API: one well, one in the same moods
- a notification service through Apprise, in the same moods
- a real MQTT broker that is stopped and continued (SIGSTOP), with a reader

At the end all are well, and what each has is compared with what the daemon stored: every number from 1 to the last.
How much of the memory has nothing to do with them, a run with nobody to tell shows: `alone`.

    python benchmarks/soak.py [blocks] [alone]
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import re
import signal
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack, closing
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from support.alerting import OFTEN
from support.daemon import Daemon
from support.forked import POOL_MONITOR
from support.hook import Hook
from support.mainnet import mainnet_node
from support.mosquitto import Heard, Mosquitto
from support.services import program

from monitor.embedded import mainnet, onward, replay

BLOCKS = 10_000
BEFORE = 200
"""Blocks that are there at the start."""
SECONDS = 0.03
"""Between blocks."""
RULES = (
    OFTEN
    + """
[[rule]]
name = "few"
value = "nakamoto_coefficient"
where = { level = "pool", window = "12b", unknown = "split" }
below = 3
severity = "warning"
summary = "few are enough"
"""
)
MOODS = ("well", "500", "hangs", "well", "away", "late")
PER_MOOD = 4.0
"""Seconds."""


async def main() -> None:
    """Soak, then compare."""
    blocks = int(sys.argv[1]) if len(sys.argv) > 1 else BLOCKS
    with tempfile.TemporaryDirectory(prefix="pool-monitor-soak-") as name:
        folder = Path(name)
        (folder / "alerts.toml").write_text(RULES)
        async with AsyncExitStack() as there:
            webhook, well, moody, phone = [await there.enter_async_context(Hook()) for _ in range(4)]
            mosquitto = there.enter_context(Mosquitto(program("mosquitto"), folder / "mosquitto"))
            reader = await there.enter_async_context(mosquitto.reader("pool-monitor/alert/#", "pool-monitor/block"))
            past = mainnet()
            node = await there.enter_async_context(mainnet_node(past[:BEFORE]))
            told: dict[str, Any] = {} if "alone" in sys.argv else {
                "alerts__webhook__url": webhook.url,
                "alerts__webhook__secret": f"whsec_{'A' * 40}",
                "alerts__webhook__timeout_seconds": 1,
                "alerts__alertmanager__urls": json.dumps([well.url, moody.url]),
                "alerts__alertmanager__repeat_seconds": 5,
                "alerts__apprise__urls": json.dumps([f"json://127.0.0.1:{phone.port}"]),
                "alerts__apprise__timeout_seconds": 5,
                "mqtt__url": f"mqtt://127.0.0.1:{mosquitto.port}",
            }  # fmt: skip
            daemon = there.enter_context(
                Daemon(
                    folder / "daemon", command=POOL_MONITOR, node__url=node.url, node__cookie_file=node.cookie_file,
                    windows="12b,24h", alerts__rules_file=folder / "alerts.toml", **told,
                )
            )  # fmt: skip
            moods = asyncio.create_task(spoil((webhook, moody, phone), mosquitto))
            coming = onward(past, BEFORE)
            held = []
            for _ in range(10):
                some = [next(coming) for _ in range(blocks // 10)]
                await replay(node, iter(some), seconds=SECONDS)
                await asyncio.to_thread(daemon.wait_for, node.tip.hash, seconds=60)
                held.append(daemon.memory("VmRSS"))
                print(f"{len(held) * blocks // 10:6} blocks: {held[-1] / 1e6:.1f} MB", flush=True)
            moods.cancel()
            await asyncio.gather(moods, return_exceptions=True)
            await mend((webhook, moody, phone), mosquitto)
            if told:
                last = await acknowledged(folder / "daemon" / "blocks.sqlite")
                await asyncio.sleep(6)  # one more repetition for Alertmanager
                report(last, webhook, well, moody, phone, reader)
            print(f"errors survived: {errors(daemon)}")
            print(f"memory: {held[1] / 1e6:.1f} MB after a fifth, {held[-1] / 1e6:.1f} MB at the end")


async def spoil(hooks: Sequence[Hook], mosquitto: Mosquitto) -> None:
    """Another mood for each, every few seconds."""
    rng = random.Random(7)  # noqa: S311 -- that it is the same each time
    try:
        while True:
            for hook in hooks:
                await become(hook, rng.choice(MOODS))
            os.kill(mosquitto.pid, rng.choice((signal.SIGSTOP, signal.SIGCONT, signal.SIGCONT)))
            await asyncio.sleep(PER_MOOD)
    finally:
        os.kill(mosquitto.pid, signal.SIGCONT)


async def become(hook: Hook, mood: str) -> None:
    """Behave so from now on."""
    hook.status = {"500": 500, "hangs": 0}.get(mood, 200)
    hook.late = 1.5 if mood == "late" else 0.0
    if mood == "away":
        await hook.stop()
    elif not hook.listens:
        await hook.start()


async def mend(hooks: Sequence[Hook], mosquitto: Mosquitto) -> None:
    """All are well."""
    os.kill(mosquitto.pid, signal.SIGCONT)
    for hook in hooks:
        await become(hook, "well")


async def acknowledged(database: Path) -> int:
    """Wait until every receiver has acknowledged everything; the number of the last change."""
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline:
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
            (last,) = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'alert_changes'").fetchone()
            behind = dict(connection.execute("SELECT name, done FROM receivers WHERE done < ?", (last,)).fetchall())
        if not behind:
            return int(last)
        await asyncio.sleep(1)
    raise AssertionError(f"of {last} changes some were not acknowledged: {behind}")


def report(last: int, webhook: Hook, well: Hook, moody: Hook, phone: Hook, reader: list[Heard]) -> None:
    """What each has, beside what there was."""
    print(f"{last} changes of alerts")
    everything = set(range(1, last + 1))
    seen = Counter(each.document["data"]["number"] for each in webhook.asked)
    taken = [each.document["data"]["number"] for each in webhook.taken]
    once = list(dict.fromkeys(taken))
    print(f"webhook: lost {len(everything - set(taken))}, in order {once == sorted(once)}, "
          f"taken again after a late answer {len(taken) - len(once)}, asked {sum(seen.values())} times")  # fmt: skip
    ends = {each.document["data"]["rule"] + str(each.document["data"]["labels"]): each for each in webhook.taken}
    firing = {name for name, each in ends.items() if each.document["data"]["state"] == "firing"}
    for name, hook in (("Alertmanager, well", well), ("Alertmanager, moody", moody)):
        held = standing(hook)
        print(f"{name}: {len(hook.taken)} posts; fires at the end as it should: {held == len(firing)} ({held})")
    counts = [re.match(r"(\d+) changes", each.document["title"]) for each in phone.taken]
    told = sum(int(found[1]) if found else 1 for found in counts)
    print(f"service: {len(phone.taken)} messages about {told} changes, lost {max(0, last - told)}")
    numbers = [
        each.document["change"]["number"] for each in reader if "/alert/" in each.topic and each.document["change"]
    ]
    print(f"broker's reader: lost {len(everything - set(numbers))}, again {len(numbers) - len(set(numbers))}; "
          f"{sum(each.topic.endswith('/block') for each in reader)} blocks")  # fmt: skip


def standing(hook: Hook) -> int:
    """How many alerts fire, as Alertmanager would hold them."""
    last: dict[str, bool] = {}
    for posted in hook.taken:
        for alert in posted.document:
            last[json.dumps(alert["labels"], sort_keys=True)] = "endsAt" not in alert
    return sum(last.values())


def errors(daemon: Daemon) -> dict[str, int]:
    """By kind."""
    found = re.findall(r'^pool_monitor_errors_total\{kind="(\w+)"\} (\S+)$', daemon.text("/metrics"), re.MULTILINE)
    dropped = re.findall(
        r'^pool_monitor_output_dropped_total\{output="([^"]+)"\} (\S+)$', daemon.text("/metrics"), re.MULTILINE
    )
    return {
        name: int(float(number))
        for name, number in (*found, *((f"dropped {name}", number) for name, number in dropped))
    }


if __name__ == "__main__":
    asyncio.run(main())
