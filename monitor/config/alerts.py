"""The section `alerts`: each key with its type, default and description."""

from __future__ import annotations

from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from monitor.config.receivers import AlertmanagerSection, AppriseSection, WebhookSection
from monitor.config.section import Section


class AlertsSection(Section):
    """Alert rules, and the receivers of alerts."""

    rules_file: Path | None = Field(default=None, examples=["/etc/pool-monitor/alerts.toml"])
    """File with your own rules, which replace the shipped ones in config/alerts.toml: start from a copy of that file.
    Reloaded when it changes, and on SIGHUP."""
    link: str | None = Field(default=None, examples=["https://pools.example.org"])
    """External URL of the page, for the link in each message. Default: the listening address, which other machines
    usually cannot reach."""
    alertmanager: AlertmanagerSection = Field(default_factory=AlertmanagerSection)
    webhook: WebhookSection = Field(default_factory=WebhookSection)
    apprise: AppriseSection = Field(default_factory=AppriseSection)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.link is not None and urlsplit(self.link).scheme not in {"http", "https"}:
            raise ValueError("link must look like https://pools.example.org")
        return self
