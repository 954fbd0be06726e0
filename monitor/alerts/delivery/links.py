"""Addresses of our pages, for messages that are read elsewhere."""

from __future__ import annotations

from collections.abc import Sequence

from monitor.config import Config
from monitor.model import Alert


def page_address(config: Config, listening: str) -> str:
    """Where the pages are, without a slash at the end: as configured, or below our own server, which is `listening`."""
    return (config.alerts.link or listening + config.web.base_path).rstrip("/")


def alerts_address(page: str, alerts: Sequence[Alert]) -> str:
    """The page of alerts; at the rule of these alerts, if they have one in common."""
    rules = {alert.rule for alert in alerts}
    return f"{page}/alerts" + (f"#alert-{rules.pop()}" if len(rules) == 1 else "")
