"""Shows alerts on all outputs: those that this monitor has evaluated, or that the writer of the database has stored."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import NoReturn

from monitor.alerts.evaluate import is_news
from monitor.alerts.rules import Rule
from monitor.hub import Hub
from monitor.model import Alert, AlertState
from monitor.vitals import Vitals

_LOOK_SECONDS = 1.0


def show(alerts: Sequence[Alert], changed: Sequence[Alert], rules: Sequence[Rule], *, hub: Hub, vitals: Vitals) -> None:
    """Replace the current alerts, and announce those that changed state."""
    hub.alert(alerts, changed)
    firing = Counter(alert.rule for alert in alerts if alert.state is AlertState.FIRING)
    vitals.alerts_firing.clear()
    for rule in rules:
        vitals.alerts_firing.labels(rule.name, rule.severity).set(firing[rule.name])


async def follow(
    rules: Sequence[Rule], load: Callable[[], Awaitable[Sequence[Alert]]], *, hub: Hub, vitals: Vitals
) -> NoReturn:
    """Show what another monitor stores, for ever; `load` reads all alerts except inactive ones.

    Raises:
        StoreError: the database failed.
    """
    known: dict[str, Alert] | None = None
    while True:
        found = {alert.key: alert for alert in await load()}
        if found != known:
            changed = [each for each in found.values() if known is not None and is_news(known.get(each.key), each)]
            show([*found.values()], changed, rules, hub=hub, vitals=vitals)
            known = found
        await asyncio.sleep(_LOOK_SECONDS)
