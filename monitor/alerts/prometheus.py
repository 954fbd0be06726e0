"""The rules as a rule file of Prometheus, for those who evaluate there.

PromQL can say less: what differs is written at the head of the file, so that nobody has to find out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from textwrap import indent
from typing import Final

from monitor.alerts.lookup import MetricLookup
from monitor.alerts.rules import Rule

_BLOCK_SECONDS: Final = 600
_TARGET: Final = ("job", "instance")
"""What Prometheus adds to each series."""
_HEAD: Final = """\
# The alerts of pool-monitor, for those who evaluate them in Prometheus instead of the daemon.
#
# Made from the daemon's rules: pool-monitor alerts export prometheus. Change the rules, not this file.
#
# What differs from the daemon's own alerts:
# - A number of blocks to last for is a time here, at ten minutes a block.
# - There are two levels, to begin and to end, by what ALERTS says of the evaluation before. So evaluate at least every
#   four minutes. A Prometheus that was down for longer has forgotten, and an alert between the levels ends; so it does
#   when the target is gone.
# - There is no cooldown. Alertmanager's repeat_interval and inhibition can stand for it.
# - What happens at one moment (a reorganisation, a stale block, a conflict) is seen as a counter that rose within the
#   last hour. What happened while the daemon was down is not seen.
# - Numbers are those of the last scrape, and are judged while the daemon catches up, too.
# - Entities are slugs, and there are no explanations with intervals: the page and /api/v1/alerts have them.
"""


def rule_file(rules: Sequence[Rule], vocabulary: MetricLookup, *, runbook: str) -> str:
    """The rules as YAML.

    Args:
        rules: the daemon's.
        vocabulary: what they look at.
        runbook: where each alert has a section under its name: an address, or a path.
    """
    lines = [_HEAD, "groups:\n", "  - name: pool-monitor\n", "    rules:\n"]
    for rule in rules:
        lines += _rule(rule, vocabulary, runbook)
    return "".join(lines)


def _rule(rule: Rule, vocabulary: MetricLookup, runbook: str) -> Iterator[str]:
    yield f"      - alert: {rule.name}\n"
    yield f"        expr: |-\n{indent(expression(rule, vocabulary), ' ' * 10)}\n"
    if lasting := max(rule.for_seconds, rule.for_blocks * _BLOCK_SECONDS):
        yield f"        for: {_duration(lasting)}\n"
    if rule.keep_seconds:
        yield f"        keep_firing_for: {_duration(rule.keep_seconds)}\n"
    yield f"        labels:\n          severity: {rule.severity}\n"
    yield f"        annotations:\n          summary: {_text(_summary(rule, vocabulary))}\n"
    if rule.meaning:
        yield f"          description: {_text(rule.meaning)}\n"
    yield f"          runbook_url: {_text(f'{runbook}#{rule.name}')}\n"


def expression(rule: Rule, vocabulary: MetricLookup) -> str:
    """When it fires, in PromQL."""
    known = _known(rule, vocabulary)
    matchers = ",".join(f"{name}{_matcher(patterns)}" for name, patterns in rule.where.items() if name in known)
    selector = f"{{{matchers}}}" if matchers else ""
    if fact := vocabulary.facts.get(rule.value):
        number = fact.promql.replace("{selector}", selector)
        number = f"({number})" if " " in number else number
    else:
        number = vocabulary.metrics[rule.value].full_name + selector
    sign = ">" if rule.rising else "<"
    begins, lasts = f"{number} {sign} {rule.enter:g}", f"{number} {sign} {rule.leave:g}"
    if rule.enter == rule.leave:
        return begins
    labels = ", ".join((*_TARGET, *known))
    return f'{begins}\nor {lasts}\n   and on ({labels}) ALERTS{{alertname="{rule.name}",alertstate="firing"}}'


def _known(rule: Rule, vocabulary: MetricLookup) -> tuple[str, ...]:
    """The labels that the numbers have in Prometheus, too: a height would be a series for each block."""
    labels = vocabulary.labels(rule.value) or ()
    return tuple(label for label in labels if label != "height")


def _matcher(patterns: Sequence[str]) -> str:
    if len(patterns) == 1 and not set("*?[") & set(patterns[0]):
        return f"={_text(patterns[0])}"
    return f"=~{_text('|'.join(map(_regex, patterns)))}"


def _regex(pattern: str) -> str:
    """A wildcard pattern as RE2: `*` is anything, `?` one letter, brackets stay."""
    return "".join(
        {"*": ".*", "?": "."}.get(letter, letter if letter in "[]-" else re.escape(letter)) for letter in pattern
    )


def _summary(rule: Rule, vocabulary: MetricLookup) -> str:
    known = _known(rule, vocabulary)
    words = {
        label: f"{{{{ $labels.{label} }}}}" if label in known else "..."
        for label in vocabulary.labels(rule.value) or ()
    }
    return rule.summary.format_map(words | {"value": f"{{{{ $value | {_form(rule.value)} }}}}"})


def _form(name: str) -> str:
    """How Prometheus writes a number."""
    if "ratio" in name or name.endswith(("_probability", "_p_value")):
        return "humanizePercentage"
    return "humanizeDuration" if name.endswith("_seconds") else 'printf "%.4g"'


def _duration(seconds: float) -> str:
    for unit, length in (("d", 86_400), ("h", 3600), ("m", 60)):
        if seconds % length == 0:
            return f"{seconds / length:.0f}{unit}"
    return f"{seconds:.0f}s"


def _text(text: str) -> str:
    """In quotes, as YAML and PromQL both read it."""
    return json.dumps(text, ensure_ascii=False)
