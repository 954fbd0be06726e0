"""The rules of the alerts: read from files, fitted to what is counted, kept up to date."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import structlog

from monitor.alerts.lookup import MetricLookup
from monitor.alerts.parse import missing_windows, parse
from monitor.alerts.rules import Rule
from monitor.config import Config, shipped
from monitor.errors import RulesError
from monitor.outputs.metrics import CATALOGUE
from monitor.reload import ReloadSignal, changes
from monitor.vitals import Vitals

METRIC_LOOKUP = MetricLookup.of(CATALOGUE)

log = structlog.get_logger()


def rules_file(config: Config) -> Path:
    """Where the rules are: the user's own, or those that come with the program."""
    return config.alerts.rules_file or shipped("alerts.toml")


def load_rules(config: Config) -> tuple[Rule, ...]:
    """The rules in force.

    One that asks for a window which is not counted would be quiet for ever. In the user's file that is an error; of
    those that come with the program such are left out, since windows are the user's choice.

    Raises:
        RulesError: they cannot be read, or are wrong.
    """
    path = rules_file(config)
    rules = read_rules(path)
    fitting = []
    for rule in rules:
        if not (missing := missing_windows(rule, config.windows)):
            fitting.append(rule)
        elif config.alerts.rules_file:
            raise RulesError(
                f"{path}: {rule.name}.where.window: {missing[0]} is not counted", remedy="add it to windows"
            )
        else:
            log.warning("a rule is left out: its window is not counted", rule=rule.name, window=missing[0])
    return tuple(fitting)


def read_rules(path: Path) -> tuple[Rule, ...]:
    """All rules of a file.

    Raises:
        RulesError: it cannot be read, or is wrong.
    """
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RulesError(f"{path}: cannot be read ({error})", remedy="correct alerts.rules_file") from None
    return parse(text, METRIC_LOOKUP, origin=str(path))


async def keep_rules_current(
    config: Config, adopt: Callable[[tuple[Rule, ...]], None], hangups: ReloadSignal, vitals: Vitals
) -> NoReturn:
    """Call `adopt` with the rules of the file whenever it changes; what cannot be used is refused, and the old stay."""
    async for _ in changes(lambda: (rules_file(config),), hangups):
        try:
            rules = await asyncio.to_thread(load_rules, config)
        except RulesError as error:
            vitals.errors.labels("rules").inc()
            log.error("the rules were refused; the old ones stay", reason=str(error))  # noqa: TRY400 -- no trace
            continue
        log.info("the rules have changed", rules=len(rules))
        adopt(rules)
    raise AssertionError("files change for ever")
