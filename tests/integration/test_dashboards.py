"""Every question that a dashboard asks is answered by a real Prometheus that scraped a daemon."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from support import dashboards as shipped
from support.dashboard_world import WHO, world
from support.prometheus import Prometheus

GRAFANAS = {"__interval": "1s", "__rate_interval": "1m"}
CHOSEN = {
    "datasource": "any",
    "level": "origin",
    "window": "30d",
    "unknown": "merged",
    "trend": "30d",
    "pool": WHO,
    "entity": ".*",
}
LOOKS = 10
"""At most: a scrape that takes longer than half a second, on a busy machine, leaves every series without a value until
the next one."""


@pytest.mark.timeout(600)  # Prometheus answers hundreds of questions
async def test_every_panel_variable_and_annotation_has_data(
    tmp_path: Path, start_prometheus: Callable[..., Prometheus]
) -> None:
    async with world(tmp_path) as there:
        prometheus = await asyncio.to_thread(start_prometheus, urlsplit(there.daemon.url).port, interval="500ms")
        await there.happen(prometheus)
        await asyncio.sleep(1)  # a second sample: what grows, grows between two

        for _ in range(LOOKS):
            if not (silent := await asyncio.to_thread(unanswered, prometheus)):
                break

    assert silent == []


def unanswered(prometheus: Prometheus) -> list[str]:
    """What Prometheus has no answer to."""
    (build,) = prometheus.wait_for("pool_monitor_build_info")
    silent = []
    for dashboard in shipped.load().values():
        values = GRAFANAS | CHOSEN | {"instance": build.labels["instance"]}
        for name, (selector, label) in shipped.choices(dashboard).items():
            offered = {each.labels[label] for each in prometheus.query(shipped.filled_in(selector, values))}
            if values[name] not in {*offered, ".*"}:
                silent.append(f"{dashboard['title']}: {name} offers {offered}")
        asked = {each.where: shipped.filled_in(each.expression, values) for each in shipped.questions(dashboard)}
        asked |= {each.where: lately(shipped.filled_in(each.expression, values)) for each in shipped.events(dashboard)}
        for where, expression in asked.items():
            if not any(math.isfinite(each.value) for each in prometheus.query(expression)):
                silent.append(f"{where}: {expression}")
    return silent


def lately(expression: str) -> str:
    return f"last_over_time(({expression})[1m:500ms])"
