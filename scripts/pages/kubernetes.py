"""The alert rules of deploy/prometheus/rules as prometheus-operator takes them."""

from __future__ import annotations

from pathlib import Path

import yaml

RULES = Path(__file__).resolve().parents[2] / "deploy" / "prometheus" / "rules"


def rule() -> str:
    """The file."""
    files = sorted(RULES.glob("*.y*ml"))
    groups = [group for file in files for group in yaml.safe_load(file.read_text("utf-8"))["groups"]]
    resource = {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {"name": "pool-monitor"},
        "spec": {"groups": groups},
    }
    return "# Made by `make docs` of deploy/prometheus/rules.\n" + yaml.safe_dump(
        resource, sort_keys=False, allow_unicode=True, width=120
    )
