"""From rules, facts, and how alerts stood to how they stand now: a function of values, the clock among them.

An alert is quiet, pending, firing or resolved. It pends while it has not lasted for long enough, and nobody is told. It
resolves when its number is back beyond the level to leave, and stays resolved for its cooldown at least.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from monitor.alerts.rules import Rule
from monitor.alerts.samples import Samples
from monitor.alerts.words import explanation, over, summary
from monitor.model import Alert, AlertState

REMEMBERED_SECONDS = 86_400.0
"""For so long at least, what was resolved is shown as such."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How alerts stand, and what is new of it."""

    standing: tuple[Alert, ...]
    """Every alert that is not quiet, in the order of the rules."""
    changed: tuple[Alert, ...] = ()
    """Those that began or ceased to fire: what people are told."""


def evaluate(rules: Sequence[Rule], facts: Samples, standing: Sequence[Alert]) -> Outcome:
    """Hold rules against facts.

    Args:
        rules: in force now.
        facts: at this moment; `facts.now` is the clock.
        standing: every alert that was not quiet before.
    """
    before: dict[str, dict[str, Alert]] = {}
    for alert in standing:
        before.setdefault(alert.rule, {})[alert.key] = alert
    after: list[Alert] = []
    changed: list[Alert] = []
    for rule in rules:
        known = before.pop(rule.name, {})
        if rule.value not in facts.numbers:
            after += known.values()
            continue
        for old, new in _judged(rule, facts, known):
            after += [new] if new else []
            changed += [new] if new and _is_news(old, new) else []
    for known in before.values():  # their rules are gone
        for alert in known.values():
            if alert.state is AlertState.FIRING:
                after.append(over(alert, facts.now, facts.height, reason="the rule was removed"))
                changed.append(after[-1])
            elif alert.state is AlertState.RESOLVED and facts.now - alert.since < REMEMBERED_SECONDS:
                after.append(alert)
    return Outcome(tuple(after), tuple(changed))


def _is_news(old: Alert | None, new: Alert) -> bool:
    was = old.state if old else None
    return new.state is not was and new.state is not AlertState.PENDING


def _judged(rule: Rule, facts: Samples, known: Mapping[str, Alert]) -> Iterator[tuple[Alert | None, Alert | None]]:
    """Each alert of a rule as it was and as it is."""
    seen = set()
    for labels, value in _candidates(rule, facts, all_of_them=bool(known)):
        fresh = Alert(rule.name, rule.severity, AlertState.PENDING, facts.now, "", "", labels, value)
        if (old := known.get(fresh.key)) or rule.begins(value):
            seen.add(fresh.key)
            yield old, _next(rule, facts, old, fresh)
    for key, old in known.items():
        if key not in seen:  # its number is gone, as an entity's without blocks
            yield old, _next(rule, facts, old, None)


def _candidates(rule: Rule, facts: Samples, *, all_of_them: bool) -> Iterable[tuple[Mapping[str, str], float]]:
    names, samples = facts.numbers[rule.value]
    for values, value in samples:
        # nearly always nothing begins, and that should cost nothing
        if (all_of_them or rule.begins(value)) and rule.is_about(names, values):
            yield dict(zip(names, values, strict=True)), value


def _next(rule: Rule, facts: Samples, old: Alert | None, fresh: Alert | None) -> Alert | None:
    """How an alert stands after `old`, when its number is that of `fresh`; None is quiet."""
    value = fresh.value if fresh else None
    begins = value is not None and rule.begins(value)
    if old is None or old.state is AlertState.PENDING:
        if fresh is None or not begins:
            return None
        pending = old or replace(fresh, height=facts.height)
        return _fired(rule, facts, fresh) if _lasted(rule, facts, pending) else pending
    age = facts.now - old.since
    if old.state is AlertState.FIRING:
        if age < rule.keep_seconds or (value is not None and rule.lasts(value)):
            return old
        return over(old, facts.now, facts.height, value=value)
    if begins and fresh and age >= rule.cooldown_seconds:
        return _next(rule, facts, None, fresh)
    return old if age < max(rule.cooldown_seconds, REMEMBERED_SECONDS) else None


def _lasted(rule: Rule, facts: Samples, pending: Alert) -> bool:
    blocks = 0 if facts.height is None or pending.height is None else facts.height - pending.height
    return blocks >= rule.for_blocks and facts.now - pending.since >= rule.for_seconds


def _fired(rule: Rule, facts: Samples, fresh: Alert) -> Alert:
    return replace(
        fresh, state=AlertState.FIRING, started=facts.now, height=facts.height,
        summary=summary(rule, fresh, facts.snapshot), explanation=explanation(rule, fresh, facts.snapshot, facts.note),
    )  # fmt: skip
