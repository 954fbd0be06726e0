"""Evaluates rules: samples and the previous alerts in, the new alerts out. Pure; the clock is an input.

An alert is inactive, pending, firing or resolved. It is pending, without notification, until its condition has held for
the rule's duration. It resolves when its value crosses the rule's second threshold, and then stays resolved for at
least the rule's cooldown.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from monitor.alerts.inputs import Samples
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


def evaluate(rules: Sequence[Rule], samples: Samples, alerts: Sequence[Alert]) -> Evaluation:
    """Evaluate all rules, after an evaluation that left `alerts`; `samples.now` is the clock."""
    before: dict[str, dict[str, Alert]] = {}
    for alert in alerts:
        # A clock that was ahead must not make an alert last until that time comes again.
        known_since = replace(alert, since=min(alert.since, samples.now))
        before.setdefault(alert.rule, {})[alert.key] = known_since
    after: list[Alert] = []
    changed: list[Alert] = []
    for rule in rules:
        known = before.pop(rule.name, {})
        if rule.value not in samples.metrics:
            after += known.values()
            continue
        for old, new in _evaluated(rule, samples, known):
            after += [new] if new else []
            changed += [new] if new and is_news(old, new) else []
    for known in before.values():  # their rules were removed
        for alert in known.values():
            if alert.state is AlertState.FIRING:
                after.append(resolved(alert, samples.now, samples.height, reason="the rule was removed"))
                changed.append(after[-1])
            elif alert.state is AlertState.RESOLVED and samples.now - alert.since < RESOLVED_SECONDS:
                after.append(alert)
    return Evaluation(tuple(after), tuple(changed))


def is_news(old: Alert | None, new: Alert) -> bool:
    """Whether an alert has started firing or was resolved: what is delivered."""
    was = old.state if old else None
    return new.state is not was and new.state is not AlertState.PENDING


def _evaluated(rule: Rule, samples: Samples, known: Mapping[str, Alert]) -> Iterator[tuple[Alert | None, Alert | None]]:
    """Each alert of a rule before and after."""
    seen = set()
    for labels, value in _candidates(rule, samples, include_all=bool(known)):
        fresh = Alert(
            rule=rule.name, severity=rule.severity, state=AlertState.PENDING, since=samples.now, summary="",
            explanation="", labels=labels, value=value,
        )  # fmt: skip
        if (old := known.get(fresh.key)) or rule.begins(value):
            seen.add(fresh.key)
            yield old, _next(rule, samples, old=old, fresh=fresh)
    for key, old in known.items():
        if old.labels.get("window") in samples.incomplete:
            yield old, old
        elif key not in seen:  # no sample any more, for example an entity without blocks
            yield old, _next(rule, samples, old=old, fresh=None)


def _candidates(rule: Rule, samples: Samples, *, include_all: bool) -> Iterable[tuple[Mapping[str, str], float]]:
    names, labelled = samples.metrics[rule.value]
    for values, value in labelled:
        # cheap test first: almost no sample is beyond its threshold
        if (include_all or rule.begins(value)) and rule.matches(names, values):
            yield dict(zip(names, values, strict=True)), value


def _next(rule: Rule, samples: Samples, *, old: Alert | None, fresh: Alert | None) -> Alert | None:
    """The alert after `old` with the value of `fresh`; None if inactive."""
    value = fresh.value if fresh else None
    begins = value is not None and rule.begins(value)
    if old is None or old.state is AlertState.PENDING:
        if fresh is None or not begins:
            return None
        pending = old or replace(fresh, height=samples.height)
        return _fired(rule, samples, fresh) if _lasted(rule, samples, pending) else pending
    age = samples.now - old.since
    if old.state is AlertState.FIRING:
        if age < rule.keep_seconds or (value is not None and rule.lasts(value)):
            return old
        return resolved(old, samples.now, samples.height, value=value)
    if begins and fresh and age >= rule.cooldown_seconds:
        return _next(rule, samples, old=None, fresh=fresh)
    return old if age < max(rule.cooldown_seconds, RESOLVED_SECONDS) else None


def _lasted(rule: Rule, samples: Samples, pending: Alert) -> bool:
    blocks = 0 if samples.height is None or pending.height is None else samples.height - pending.height
    return blocks >= rule.for_blocks and samples.now - pending.since >= rule.for_seconds


def _fired(rule: Rule, samples: Samples, fresh: Alert) -> Alert:
    return replace(
        fresh, state=AlertState.FIRING, started=samples.now, height=samples.height,
        summary=summary(rule, fresh, samples.snapshot),
        explanation=explanation(rule, fresh, samples.snapshot, waiting=samples.waiting),
    )  # fmt: skip
