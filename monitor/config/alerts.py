"""The section of the alerts: which rules, and who is told."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from monitor.config.section import Section


class AlertsSection(Section):
    """What raises an alert, and who is told."""

    rules_file: Path | None = Field(default=None, examples=["/etc/pool-monitor/alerts.toml"])
    """Rules of your own, in the form of config/alerts.toml, which they replace: begin with a copy of it. Read again
    when it changes, and on SIGHUP."""
