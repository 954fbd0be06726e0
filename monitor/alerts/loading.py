"""Loads the alert rules from their file and reloads them when it changes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import structlog

from monitor.alerts.inputs import MetricLookup
from monitor.alerts.parse import missing_windows, parse
from monitor.alerts.rule_metrics import ALERT_METRICS
from monitor.alerts.rules import Rule
from monitor.config import Config, shipped
from monitor.documents import read_text
from monitor.errors import RulesError
from monitor.outputs.metrics import CATALOGUE
from monitor.reload import ReloadSignal, keep_current
from monitor.vitals import Vitals

METRIC_LOOKUP = MetricLookup.of(CATALOGUE, ALERT_METRICS)

log = structlog.get_logger()


def rules_file(config: Config) -> Path:
    """The user's rules file, or the shipped one."""
    return config.alerts.rules_file or shipped("alerts.toml")


def load_rules(config: Config) -> tuple[Rule, ...]:
    """The rules of the configured file.

    A rule for a window that is not computed can never fire. In the user's file that is an error; shipped rules of this
    kind are skipped, because the windows are the user's choice.

    Raises:
        RulesError: the file is unreadable or invalid.
    """
    path = rules_file(config)
    rules = read_rules(path)
    fitting = []
    for rule in rules:
        if not (missing := missing_windows(rule, config.windows)):
            fitting.append(rule)
        elif config.alerts.rules_file:
            raise RulesError(
                f"{path}: {rule.name}.where.window: {missing[0]} is not computed", remedy="add it to windows"
            )
        else:
            log.warning("alert rule skipped: its window is not computed", rule=rule.name, window=missing[0])
    return tuple(fitting)


def read_rules(path: Path) -> tuple[Rule, ...]:
    """All rules of a file.

    Raises:
        RulesError: the file is unreadable or invalid.
    """
    try:
        text = read_text(path)
    except (OSError, UnicodeDecodeError) as error:
        raise RulesError(f"{path}: cannot be read ({error})", remedy="correct alerts.rules_file") from None
    return parse(text, METRIC_LOOKUP, origin=str(path))


async def reload_rules(
    config: Config, set_rules: Callable[[tuple[Rule, ...]], None], *, reload: ReloadSignal, vitals: Vitals
) -> NoReturn:
    """Call `set_rules` with the new rules whenever the file changes; an invalid file is rejected and logged."""

    async def adopt(rules: tuple[Rule, ...]) -> None:
        log.info("alert rules reloaded", rules=len(rules))
        set_rules(rules)

    await keep_current(
        lambda: (rules_file(config),), lambda: load_rules(config), adopt, kind="rules", reload=reload, vitals=vitals
    )
