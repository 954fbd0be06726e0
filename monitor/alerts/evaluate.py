"""Evaluates rules: samples and the previous alerts in, the new alerts out. Pure; the clock is an input.

An alert is inactive, pending, firing or resolved. It is pending, without notification, until its condition has held for
the rule's duration. It resolves when its value crosses the rule's second threshold, and then stays resolved for at
least the rule's cooldown.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from monitor.alerts.inputs import AlertInputs, MetricSamples
from monitor.alerts.rules import Rule
from monitor.alerts.text import explanation, resolved, summary
from monitor.model import Alert, AlertState

RESOLVED_SECONDS = 86_400.0
"""Minimum time that a resolved alert stays listed."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The result of one evaluation."""

    alerts: tuple[Alert, ...]
    """All alerts except inactive ones, in the order of the rules."""
    changed: tuple[Alert, ...] = ()
    """Alerts that started firing or were resolved: the ones to deliver."""


def evaluate(
    rules: Sequence[Rule], inputs: AlertInputs, metrics: Mapping[str, MetricSamples], *, alerts: Sequence[Alert]
) -> Evaluation:
    """Evaluate all rules, after an evaluation that left `alerts`; `inputs.now` is the clock.

    A metric that is missing is unknown at this time; its alerts keep their state.
    """
    before: dict[str, dict[str, Alert]] = {}
    for alert in alerts:
        # A clock that was ahead must not make an alert last until that time comes again.
        known_since = replace(alert, since=min(alert.since, inputs.now))
        before.setdefault(alert.rule, {})[alert.key] = known_since
    after: list[Alert] = []
    changed: list[Alert] = []
    for rule in rules:
        known = before.pop(rule.name, {})
        if rule.value not in metrics:
            after += known.values()
            continue
        for old, new in _evaluated(rule, inputs, metrics[rule.value], known=known):
            after += [new] if new else []
            changed += [new] if new and is_news(old, new) else []
    for known in before.values():  # their rules were removed
        for alert in known.values():
            if alert.state is AlertState.FIRING:
                after.append(resolved(alert, inputs.now, inputs.height, reason="the rule was removed"))
                changed.append(after[-1])
            elif alert.state is AlertState.RESOLVED and inputs.now - alert.since < RESOLVED_SECONDS:
                after.append(alert)
    return Evaluation(tuple(after), tuple(changed))


def is_news(old: Alert | None, new: Alert) -> bool:
    """Whether an alert has started firing or was resolved: what is delivered."""
    was = old.state if old else None
    return new.state is not was and new.state is not AlertState.PENDING


def _evaluated(
    rule: Rule, inputs: AlertInputs, samples: MetricSamples, *, known: Mapping[str, Alert]
) -> Iterator[tuple[Alert | None, Alert | None]]:
    """Each alert of a rule before and after."""
    seen = set()
    for labels, value in _candidates(rule, samples, include_all=bool(known)):
        fresh = Alert(
            rule=rule.name, severity=rule.severity, state=AlertState.PENDING, since=inputs.now, summary="",
            explanation="", labels=labels, value=value,
        )  # fmt: skip
        if (old := known.get(fresh.key)) or rule.begins(value):
            seen.add(fresh.key)
            yield old, _next(rule, inputs, old=old, fresh=fresh)
    for key, old in known.items():
        if old.labels.get("window") in inputs.incomplete:
            yield old, old
        elif key not in seen:  # no sample any more, for example an entity without blocks
            yield old, _next(rule, inputs, old=old, fresh=None)


def _candidates(rule: Rule, samples: MetricSamples, *, include_all: bool) -> Iterable[tuple[Mapping[str, str], float]]:
    names, labelled = samples
    for values, value in labelled:
        # cheap test first: almost no sample is beyond its threshold
        if (include_all or rule.begins(value)) and rule.matches(names, values):
            yield dict(zip(names, values, strict=True)), value


def _next(rule: Rule, inputs: AlertInputs, *, old: Alert | None, fresh: Alert | None) -> Alert | None:
    """The alert after `old` with the value of `fresh`; None if inactive."""
    value = fresh.value if fresh else None
    begins = value is not None and rule.begins(value)
    if old is None or old.state is AlertState.PENDING:
        if fresh is None or not begins:
            return None
        pending = old or replace(fresh, height=inputs.height)
        return _fired(rule, inputs, fresh) if _lasted(rule, inputs, pending) else pending
    age = inputs.now - old.since
    if old.state is AlertState.FIRING:
        if age < rule.keep_seconds or (value is not None and rule.lasts(value)):
            return old
        return resolved(old, inputs.now, inputs.height, value=value)
    if begins and fresh and age >= rule.cooldown_seconds:
        return _next(rule, inputs, old=None, fresh=fresh)
    return old if age < max(rule.cooldown_seconds, RESOLVED_SECONDS) else None


def _lasted(rule: Rule, inputs: AlertInputs, pending: Alert) -> bool:
    blocks = 0 if inputs.height is None or pending.height is None else inputs.height - pending.height
    return blocks >= rule.for_blocks and inputs.now - pending.since >= rule.for_seconds


def _fired(rule: Rule, inputs: AlertInputs, fresh: Alert) -> Alert:
    return replace(
        fresh, state=AlertState.FIRING, started=inputs.now, height=inputs.height,
        summary=summary(rule, fresh, inputs.snapshot),
        explanation=explanation(rule, fresh, inputs.snapshot, waiting=inputs.waiting or ""),
    )  # fmt: skip
