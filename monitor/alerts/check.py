"""Checks the configured receivers: sends each a test alert, or only connects to it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from monitor.alerts.loading import load_rules
from monitor.alerts.receivers import receivers
from monitor.config import Config
from monitor.errors import InputError, ReceiverError
from monitor.hub import Hub
from monitor.model import Alert, AlertState, Dispatch, Severity
from monitor.outputs.receiver import Receiver
from monitor.vitals import Vitals


@dataclass(frozen=True, slots=True)
class ReceiverResult:
    """The result of one check."""

    receiver: str
    ok: bool
    detail: str
    seconds: float


async def send_test_alerts(config: Config, rule: str | None = None) -> list[ReceiverResult]:
    """Send a test alert to all receivers concurrently, without retries, in the name of `rule` and with its severity.

    Raises:
        InputError: unknown rule.
    """
    change = Dispatch(0, _alert(config, rule))
    return await asyncio.gather(
        *(_run(each, lambda each=each: each.deliver_test(change)) for each in _receivers(config))  # type: ignore[misc]
    )


async def probe_receivers(config: Config) -> list[ReceiverResult]:
    """Connect to all receivers concurrently, without sending an alert."""
    return await asyncio.gather(*(_run(each, each.probe) for each in _receivers(config)))


def _receivers(config: Config) -> tuple[Receiver, ...]:
    vitals = Vitals()
    return receivers(config, hub=Hub(vitals), vitals=vitals, listening=f"http://{config.web.host}:{config.web.port}")


async def _run(receiver: Receiver, check: Callable[[], Awaitable[str]]) -> ReceiverResult:
    began = time.monotonic()
    try:
        async with asyncio.timeout(receiver.timeout):
            detail, ok = await check(), True
    except TimeoutError:
        detail, ok = f"no answer within {receiver.timeout:g} seconds", False
    except (ReceiverError, OSError) as error:
        detail, ok = str(error), False
    finally:
        await receiver.close()
    return ReceiverResult(receiver.name, ok=ok, detail=detail, seconds=time.monotonic() - began)


def _alert(config: Config, rule: str | None) -> Alert:
    severities = {each.name: each.severity for each in load_rules(config)}
    if rule is not None and rule not in severities:
        raise InputError(f"unknown rule {rule!r}", remedy=f"choose one of: {', '.join(severities)}")
    now = time.time()
    return Alert(
        rule=rule or "test",
        severity=severities[rule] if rule else Severity.INFO,
        state=AlertState.FIRING,
        since=now,
        started=now,
        summary=f"Test alert{f' of the rule {rule}' if rule else ''}",
        explanation="Sent by `pool-monitor alerts test`. Alerts reach this receiver.",
        test=True,
    )
