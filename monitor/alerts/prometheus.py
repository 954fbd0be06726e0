"""Exports the rules as a Prometheus rule file.

PromQL covers less than the daemon's rules; the head of the file lists the differences.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from textwrap import indent
from typing import Final

from monitor.alerts.inputs import MetricLookup
from monitor.alerts.rules import Rule

_BLOCK_SECONDS: Final = 600
_TARGET: Final = ("job", "instance")
"""Labels that Prometheus adds to each series."""
RUNBOOK: Final = "http://{{ $labels.instance }}/runbook"
"""The daemon's own page, at the address where Prometheus scrapes it."""
_RESTART_SECONDS: Final = 900
"""A restart of the daemon takes less, until all its metrics are there again."""
_OWN_RULES: Final = """\
      - alert: monitor_down
        expr: up == 0 and on (job, instance) last_over_time(pool_monitor_build_info[7d])
        for: 5m
        labels:
          severity: critical
        annotations:
          summary: "pool-monitor at {{ $labels.instance }} cannot be scraped"
          description: "Nothing is known until it answers: see whether the process runs, its log, and the network."
{runbook_down}      - alert: monitor_missing
        expr: |-
          absent(pool_monitor_build_info)
            unless on () (up == 0 and on (job, instance) last_over_time(pool_monitor_build_info[7d]))
        for: 5m
        labels:
          severity: critical
        annotations:
          summary: "Prometheus scrapes no pool-monitor"
          description: "No target has its metrics: see scrape_configs, and the tokens if the daemon has any."
{runbook_missing}"""
"""Alerts about the daemon itself. Its own page cannot explain them: only another runbook is linked."""
_HEAD: Final = """\
# Alerts of pool-monitor for Prometheus, as an alternative to the daemon's own alerts.
#
# Generated from the daemon's rules by: pool-monitor alerts export prometheus. Change the rules, not this file.
#
# Differences from the daemon's alerts:
# - A duration in blocks is converted to a time at ten minutes per block.
# - The second threshold (hysteresis) relies on the ALERTS series of the previous evaluation, so use an evaluation
#   interval of at most four minutes. After a longer gap of Prometheus or of the target, an alert between the two
#   thresholds resolves.
# - An alert stays for up to 15 minutes after its condition has ended, so that it survives a restart of the daemon.
# - There is no cooldown. Use repeat_interval and inhibition of Alertmanager.
# - monitor_down and monitor_missing are added: no daemon can report its own absence.
# - Events (a reorganisation, a stale block, a conflict) are detected as an increase of a counter within the last hour.
#   Events while the daemon was down are missed.
# - Values are those of the last scrape, also while the daemon catches up.
# - Entities are slugs, and there is no explanation with intervals: see the page and /api/v1/alerts.
"""


def rule_file(rules: Sequence[Rule], lookup: MetricLookup, *, runbook: str = RUNBOOK) -> str:
    """The rule file as YAML; `runbook` is the URL of the runbook, which has a section for each alert."""
    lines = [_HEAD, "groups:\n", "  - name: pool-monitor\n", "    rules:\n"]
    for rule in rules:
        lines += _rule(rule, lookup, runbook)
    links = {name: "" if runbook == RUNBOOK else _link(runbook, f"monitor_{name}") for name in ("down", "missing")}
    own = _OWN_RULES.replace("{runbook_down}", links["down"]).replace("{runbook_missing}", links["missing"])
    return "".join((*lines, own))


def _link(runbook: str, rule: str) -> str:
    return f"          runbook_url: {_text(f'{runbook}#{rule}')}\n"


def _rule(rule: Rule, lookup: MetricLookup, runbook: str) -> Iterator[str]:
    yield f"      - alert: {rule.name}\n"
    yield f"        expr: |-\n{indent(expression(rule, lookup), ' ' * 10)}\n"
    if lasting := max(rule.for_seconds, rule.for_blocks * _BLOCK_SECONDS):
        yield f"        for: {_duration(lasting)}\n"
    if kept := _kept(rule):
        yield f"        keep_firing_for: {_duration(kept)}\n"
    yield f"        labels:\n          severity: {rule.severity}\n"
    yield f"        annotations:\n          summary: {_text(_summary(rule, lookup))}\n"
    if rule.meaning:
        yield f"          description: {_text(rule.meaning)}\n"
    yield _link(runbook, rule.name)


def _kept(rule: Rule) -> float:
    """How long an alert stays after its condition has ended.

    An age grows back: if it passed the second threshold while the alert is kept, the alert would never resolve.
    """
    longest = rule.leave / 2 if rule.value.endswith("_seconds") else _RESTART_SECONDS
    return max(rule.keep_seconds, min(_RESTART_SECONDS, longest))


def expression(rule: Rule, lookup: MetricLookup) -> str:
    """The rule's condition in PromQL."""
    known = _prometheus_labels(rule, lookup)
    matchers = ",".join(f"{name}{_matcher(patterns)}" for name, patterns in rule.where.items() if name in known)
    selector = f"{{{matchers}}}" if matchers else ""
    if own := lookup.alert_metrics.get(rule.value):
        number = own.promql.replace("{selector}", selector)
        number = f"({number})" if " " in number else number
    else:
        number = lookup.published[rule.value].full_name + selector
    sign = ">" if rule.rising else "<"
    begins, lasts = f"{number} {sign} {rule.enter:g}", f"{number} {sign} {rule.leave:g}"
    if rule.enter == rule.leave:
        return begins
    labels = ", ".join((*_TARGET, *known))
    return f'{begins}\nor {lasts}\n   and on ({labels}) ALERTS{{alertname="{rule.name}",alertstate="firing"}}'


def _prometheus_labels(rule: Rule, lookup: MetricLookup) -> tuple[str, ...]:
    """The labels that also exist in Prometheus; `height` does not, it would be one series per block."""
    labels = lookup.labels(rule.value) or ()
    return tuple(label for label in labels if label != "height")


def _matcher(patterns: Sequence[str]) -> str:
    if len(patterns) == 1 and not set("*?[") & set(patterns[0]):
        return f"={_text(patterns[0])}"
    return f"=~{_text('|'.join(map(_regex, patterns)))}"


def _regex(pattern: str) -> str:
    """A wildcard pattern as RE2: `*` matches anything, `?` one character, brackets are kept."""
    return "".join(
        {"*": ".*", "?": "."}.get(letter, letter if letter in "[]-" else re.escape(letter)) for letter in pattern
    )


def _summary(rule: Rule, lookup: MetricLookup) -> str:
    known = _prometheus_labels(rule, lookup)
    placeholders = {
        label: f"{{{{ $labels.{label} }}}}" if label in known else "..." for label in lookup.labels(rule.value) or ()
    }
    value = f"{{{{ $value | {_template(rule.value)} }}}}"
    own = {name: f"by {value}" for name in lookup.placeholders(rule.value) if name not in placeholders}
    return rule.summary.format_map(own | placeholders | {"value": value})


def _template(name: str) -> str:
    """Prometheus's template function for a value."""
    if "ratio" in name or name.endswith(("_probability", "_p_value")):
        return "humanizePercentage"
    return "humanizeDuration" if name.endswith("_seconds") else 'printf "%.4g"'


def _duration(seconds: float) -> str:
    for unit, length in (("d", 86_400), ("h", 3600), ("m", 60)):
        if seconds % length == 0:
            return f"{seconds / length:.0f}{unit}"
    return f"{seconds:.0f}s"


def _text(text: str) -> str:
    """Quoted for both YAML and PromQL."""
    return json.dumps(text, ensure_ascii=False)
