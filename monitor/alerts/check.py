"""Tries everyone who is to be told of alerts: a marked test alert to each, and what each answered."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from rich.table import Table
from rich.text import Text

from monitor.alerts.loading import load_rules
from monitor.alerts.receivers import receivers
from monitor.config import Config
from monitor.errors import InputError, ReceiverError
from monitor.hub import Hub
from monitor.model import Alert, AlertState, Dispatch, Severity
from monitor.outputs.receiver import Receiver
from monitor.vitals import Vitals


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one receiver."""

    receiver: str
    good: bool
    said: str
    seconds: float


async def try_all(config: Config, rule: str | None = None) -> list[Answer]:
    """Send a test alert through every configured receiver, all at once; nothing is tried twice.

    Args:
        config: says who is told, and by which rules.
        rule: whose alert it would be; without one, a rule that there is not.

    Raises:
        InputError: there is no such rule.
    """
    change = Dispatch(0, _alert(config, rule))
    return await asyncio.gather(
        *(_ask(each, lambda each=each: each.trial(change)) for each in configured(config))  # type: ignore[misc]
    )


async def probe_all(config: Config) -> list[Answer]:
    """Whether each can be reached, without telling it anything."""
    return await asyncio.gather(*(_ask(each, each.probe) for each in configured(config)))


def configured(config: Config) -> tuple[Receiver, ...]:
    """Everyone who would be told."""
    vitals = Vitals()
    return receivers(config, Hub(vitals), vitals, link=f"http://{config.web.host}:{config.web.port}").all


def as_table(answers: list[Answer]) -> Table:
    """For the terminal."""
    table = Table("Receiver", "Answer", "Seconds", box=None, pad_edge=False)
    for each in answers:
        mark = Text("✓ ", "green") if each.good else Text("✗ ", "red")
        table.add_row(each.receiver, mark + Text(each.said), f"{each.seconds:.1f}")
    return table


async def _ask(receiver: Receiver, question: Callable[[], Awaitable[str]]) -> Answer:
    began = time.monotonic()
    try:
        async with asyncio.timeout(receiver.timeout):
            said, good = await question(), True
    except TimeoutError:
        said, good = f"no answer within {receiver.timeout:g} seconds", False
    except (ReceiverError, OSError) as error:
        said, good = str(error), False
    finally:
        await receiver.close()
    return Answer(receiver.name, good, said, time.monotonic() - began)


def _alert(config: Config, rule: str | None) -> Alert:
    severities = {each.name: each.severity for each in load_rules(config)}
    if rule is not None and rule not in severities:
        raise InputError(f"{rule}: there is no such rule", remedy=f"the rules are {', '.join(severities)}")
    now = time.time()
    return Alert(
        rule=rule or "test",
        severity=severities[rule] if rule else Severity.INFO,
        state=AlertState.FIRING,
        since=now,
        started=now,
        summary=f"This is a test{f' of the alert {rule}' if rule else ''}: nothing happened",
        explanation="Somebody ran `pool-monitor alerts test`. If you read this, alerts reach you.",
        test=True,
    )
