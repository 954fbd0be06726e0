"""The alerts are documented: each has its place in the runbook, and what they can look at is in a table."""

from __future__ import annotations

import re
import tomllib

from support.services import CHECKOUT

from monitor.alerts.loading import METRIC_LOOKUP, read_rules
from monitor.config import Config, shipped
from monitor.model import HHI_BANDS

DOCS = CHECKOUT / "docs"


def test_each_rule_has_its_place_in_the_runbook_and_each_place_its_rule() -> None:
    chapter = (DOCS / "runbook.md").read_text("utf-8").partition("\n## Alerts\n")[2].partition("\n## ")[0]
    sections = dict(re.findall(r"^### (\w+)\n\n(.+?)(?=\n### |\Z)", chapter, re.MULTILINE | re.DOTALL))

    rules = {rule.name for rule in read_rules(shipped("alerts.toml"))}
    assert set(sections) == rules | {"monitor_down", "monitor_missing"}  # the last two are Prometheus's only
    for name, text in sections.items():
        assert text.startswith("**Meaning** "), name
        assert "**Check** " in " ".join(text.split()), name


def test_every_metric_for_rules_only_is_in_the_table() -> None:
    page = (DOCS / "alerts.md").read_text("utf-8")
    rows = re.findall(r"^\| `(\w+)` \| (.*?) \| (.*) \|$", page, re.MULTILINE)

    assert rows == [
        (metric.name, ", ".join(f"`{label}`" for label in metric.labels), metric.help)
        for metric in METRIC_LOOKUP.alert_metrics.values()
    ]


def test_the_rule_that_is_explained_is_the_one_in_force() -> None:
    (written,) = re.findall(r"```toml\n(\[\[rule\]\].*?)```", (DOCS / "alerts.md").read_text("utf-8"), re.DOTALL)
    (explained,) = tomllib.loads(written)["rule"]
    shipped_rules = {rule["name"]: rule for rule in tomllib.loads(shipped("alerts.toml").read_text("utf-8"))["rule"]}

    assert explained.items() <= shipped_rules[explained["name"]].items()


def test_the_backtest_has_a_row_for_each_rule() -> None:
    page = (DOCS / "backtest.md").read_text("utf-8")
    named = set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE))

    assert named == {rule.name for rule in read_rules(shipped("alerts.toml"))}
    assert Config().alerts.rules_file is None


def test_concentration_is_high_for_the_alert_where_it_is_for_the_page() -> None:
    rules = {rule.name: rule for rule in read_rules(shipped("alerts.toml"))}

    assert rules["pool_concentration_high"].enter == HHI_BANDS[-1][0]
