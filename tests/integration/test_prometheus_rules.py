"""The rules in Prometheus: made from the daemon's, well formed, and they fire when they should."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from support.alertmanager import Alertmanager
from support.services import CHECKOUT
from typer.testing import CliRunner

from monitor.alerts.loading import METRIC_LOOKUP
from monitor.alerts.parse import parse
from monitor.alerts.prometheus import expression, rule_file
from monitor.cli.main import cli

FOLDER = CHECKOUT / "deploy" / "prometheus" / "rules"
RULES = FOLDER / "pool-monitor.yml"


def promtool_says(promtool: Path, *arguments: object) -> str:
    """What promtool has to say, when it is content."""
    done = subprocess.run([promtool, *map(str, arguments)], capture_output=True, text=True, check=False, cwd=FOLDER)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_file_is_made_from_the_rules() -> None:
    done = CliRunner().invoke(cli, ["alerts", "export", "prometheus"])

    assert done.exit_code == 0, done.output
    assert done.stdout == RULES.read_text("utf-8"), (
        "run `pool-monitor alerts export prometheus -o deploy/prometheus/rules/pool-monitor.yml`"
    )


def test_promtool_accepts_it(promtool: Path) -> None:
    assert "38 rules found" in promtool_says(promtool, "check", "rules", RULES)


def test_promtool_sees_them_fire(promtool: Path) -> None:
    assert "SUCCESS" in promtool_says(promtool, "test", "rules", FOLDER.parent / "pool-monitor_test.yml")


def test_promtool_accepts_the_recording_rules(promtool: Path) -> None:
    assert "12 rules found" in promtool_says(promtool, "check", "rules", FOLDER / "history.yml")


def test_another_runbook_is_linked_by_every_alert(promtool: Path, tmp_path: Path) -> None:
    file = tmp_path / "rules.yml"
    done = CliRunner().invoke(
        cli, ["alerts", "export", "prometheus", "--runbook", "https://wiki/alerts", "-o", str(file)]
    )

    assert done.exit_code == 0, done.output
    rules = [rule for group in yaml.safe_load(file.read_text("utf-8"))["groups"] for rule in group["rules"]]
    assert {rule["annotations"]["runbook_url"] for rule in rules} == {
        f"https://wiki/alerts#{rule['alert']}" for rule in rules
    }
    promtool_says(promtool, "check", "rules", file)


INHIBITED = [
    ("monitor_down", "share_changed", True),
    ("node_away", "no_block", True),
    ("monitor_behind", "no_block", True),
    ("pool_majority", "pool_third", True),
    ("pool_majority", "template_third", False),
    ("template_majority", "template_third", True),
    ("pool_majority", "two_pools_majority", True),
    ("template_majority", "two_pools_majority", False),
    ("deep_reorganisation", "reorganisation", True),
]


def test_an_alert_inhibits_those_that_it_explains(start_alertmanager: Callable[..., Alertmanager]) -> None:
    server = start_alertmanager(config=FOLDER.parents[1] / "alertmanager" / "alertmanager.yml")
    for number, (source, target, _) in enumerate(INHIBITED):
        own = {"job": "pool-monitor", "instance": f"monitor-{number}", "entity": "foundryusa"}
        server.post([own | {"alertname": source}, own | {"alertname": target}])
        server.post([own | {"alertname": target, "instance": f"elsewhere-{number}"}])
    found = {(each["labels"]["instance"], each["labels"]["alertname"]): each["status"] for each in server.alerts()}

    for number, (_, target, inhibited) in enumerate(INHIBITED):
        assert bool(found[f"monitor-{number}", target]["inhibitedBy"]) is inhibited, INHIBITED[number]
        assert not found[f"elsewhere-{number}", target]["inhibitedBy"]


@pytest.mark.parametrize("name", METRIC_LOOKUP.names())
def test_a_rule_over_anything_can_be_written_in_promql(name: str, promtool: Path, tmp_path: Path) -> None:
    labels = METRIC_LOOKUP.labels(name) or ()
    where = ", ".join(f'{label} = ["a*", "b?[0-9].x"]' for label in labels)
    text = (
        f'[[rule]]\nname = "r"\nvalue = "{name}"\nwhere = {{ {where} }}\n'
        'above = 2\nuntil = 1\nfor = "90s"\nkeep = "1h"\n'
        f'severity = "info"\nsummary = "{{value}} {" ".join(f"{{{label}}}" for label in labels)}"\n'
    )
    rules = parse(text, METRIC_LOOKUP, origin="test")
    file = tmp_path / "rules.yml"
    file.write_text(rule_file(rules, METRIC_LOOKUP, runbook="https://example.org/runbook"))

    promtool_says(promtool, "check", "rules", file)
    assert all(f"{label}=~" in expression(rules[0], METRIC_LOOKUP) for label in labels if label != "height")
