"""The section about alerts: each key with its type, its default, and what is said of it."""

from __future__ import annotations

from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from monitor.config.receivers import AlertmanagerSection, AppriseSection, WebhookSection
from monitor.config.section import Section


class AlertsSection(Section):
    """What raises an alert, and who is told of it."""

    rules_file: Path | None = Field(default=None, examples=["/etc/pool-monitor/alerts.toml"])
    """Rules of your own, in the form of config/alerts.toml, which they replace: begin with a copy of it. Read again
    when it changes, and on SIGHUP."""
    link: str | None = Field(default=None, examples=["https://pools.example.org"])
    """Where those who are told reach the page, for the link in each message. Without this key, the address on which
    the page is served, which leads nowhere from another machine."""
    alertmanager: AlertmanagerSection = Field(default_factory=AlertmanagerSection)
    webhook: WebhookSection = Field(default_factory=WebhookSection)
    apprise: AppriseSection = Field(default_factory=AppriseSection)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.link is not None and urlsplit(self.link).scheme not in {"http", "https"}:
            raise ValueError("link must look like https://pools.example.org")
        return self
