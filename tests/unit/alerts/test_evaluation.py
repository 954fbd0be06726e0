"""Rules against facts: when an alert begins, how long it lasts, and that it says so once."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import NamedTuple

from monitor.alerts.evaluate import RESOLVED_SECONDS, evaluate
from monitor.alerts.inputs import AlertInputs, MetricSamples
from monitor.alerts.rules import Rule
from monitor.model import NO_BLOCK, Alert, AlertState, BlockRow, Severity, Snapshot, Tally

HALF = Rule(
    "half", Severity.CRITICAL, "share_ratio", enter=0.5, leave=0.45, rising=True,
    summary="{entity} has {value} over {window}", where={"level": ("pool",)},
)  # fmt: skip
LABELS = ("level", "entity", "window")
BLOCK = 600.0


class Moment(NamedTuple):
    """What is known at one time."""

    inputs: AlertInputs
    metrics: Mapping[str, MetricSamples]


def facts(height: int, *, now: float | None = None, **shares: float) -> Moment:
    """The shares of pools at a height, ten minutes a block."""
    samples = tuple((("pool", entity, "7d"), share) for entity, share in shares.items())
    taken = Snapshot(
        BlockRow(height, 0, 0x1D00FFFF, None), NO_BLOCK, 0,
        caught_up=True, registry="", concentration=(), tally=Tally(),
    )  # fmt: skip
    inputs = AlertInputs(height * BLOCK if now is None else now, taken)
    return Moment(inputs, {"share_ratio": MetricSamples(LABELS, samples)})


def told(rule: Rule, moments: Iterable[Moment]) -> list[tuple[int, str, str]]:
    """What people hear, block by block: height, entity, state."""
    return [(height, alert.labels["entity"], alert.state.value) for height, alert in changes(rule, moments)]


def changes(rule: Rule, moments: Iterable[Moment]) -> Iterator[tuple[int, Alert]]:
    standing: tuple[Alert, ...] = ()
    for moment in moments:
        outcome = evaluate([rule], *moment, alerts=standing)
        standing = outcome.alerts
        assert len({alert.key for alert in standing}) == len(standing)
        yield from ((moment.inputs.height or 0, alert) for alert in outcome.changed)


def course(*shares: float) -> list[Moment]:
    return [facts(height, a=share) for height, share in enumerate(shares)]


# -- thresholds --------------------------------------------------------------------------------------------------------


def test_between_the_two_levels_nothing_changes() -> None:
    assert told(HALF, course(0.4, 0.49, 0.51, 0.49, 0.51, 0.46, 0.45, 0.49)) == [
        (2, "a", "firing"),
        (6, "a", "resolved"),
    ]


def test_at_the_threshold_is_not_beyond_it() -> None:
    assert told(HALF, course(0.5, 0.5)) == []


def test_a_clock_that_was_ahead_makes_no_alert_last() -> None:
    day = 86_400.0
    for rule, over in ((HALF, 2), (replace(HALF, keep_seconds=2 * BLOCK), 4)):
        moments = [facts(1, now=BLOCK + day, a=0.6), *(facts(height, a=0.1) for height in (2, 3, 4, 5))]
        assert told(rule, moments) == [(1, "a", "firing"), (over, "a", "resolved")]


def test_a_rule_may_look_for_too_little() -> None:
    low = replace(HALF, enter=0.1, leave=0.2, rising=False)

    assert told(low, course(0.3, 0.15, 0.09, 0.15, 0.2)) == [(2, "a", "firing"), (4, "a", "resolved")]


def test_each_thing_has_an_alert_of_its_own() -> None:
    moments = [facts(1, a=0.6, b=0.1), facts(2, a=0.6, b=0.6), facts(3, b=0.6)]

    assert told(HALF, moments) == [(1, "a", "firing"), (2, "b", "firing"), (3, "a", "resolved")]


def test_what_the_rule_is_not_about_does_not_count() -> None:
    for where in ({"level": ("operator",)}, {"entity": ("b*",)}, {"nonsense": ("x",)}):
        assert told(replace(HALF, where=where), course(0.9)) == []
    assert told(replace(HALF, where={"entity": ("b", "a*")}), course(0.9)) == [(0, "a", "firing")]


def test_of_what_is_not_known_now_nothing_is_said() -> None:
    blind = facts(2)._replace(metrics={})

    assert told(HALF, [facts(1, a=0.6), blind, facts(3, a=0.6)]) == [(1, "a", "firing")]


# -- lasting -----------------------------------------------------------------------------------------------------------


def test_it_must_last_for_so_many_blocks() -> None:
    patient = replace(HALF, for_blocks=2)

    assert told(patient, course(0.6, 0.6, 0.4, 0.6, 0.6, 0.6)) == [(5, "a", "firing")]


def test_it_must_last_for_so_long() -> None:
    patient = replace(HALF, for_seconds=1000)
    moments = [facts(1, now=now, a=0.6) for now in (0, 999, 1000)]

    assert [alert.since for _, alert in changes(patient, moments)] == [1000]


def test_what_is_over_at_once_fires_for_a_while() -> None:
    event = replace(HALF, keep_seconds=3600)
    moments = [facts(0, a=0.6), *(facts(height) for height in range(1, 8))]

    assert told(event, moments) == [(0, "a", "firing"), (6, "a", "resolved")]


def test_after_its_end_it_rests() -> None:
    rested = replace(HALF, cooldown_seconds=3 * BLOCK)

    assert told(rested, course(0.6, 0.4, 0.6, 0.6, 0.6)) == [
        (0, "a", "firing"),
        (1, "a", "resolved"),
        (4, "a", "firing"),
    ]


def test_what_was_resolved_is_shown_for_a_day_and_forgotten() -> None:
    moments = [facts(0, a=0.6), facts(1, a=0.4), facts(2, a=0.4), facts(3, now=BLOCK + RESOLVED_SECONDS, a=0.4)]
    standing: tuple[Alert, ...] = ()
    states = []
    for moment in moments:
        standing = evaluate([HALF], *moment, alerts=standing).alerts
        states.append([alert.state for alert in standing])

    assert states == [[AlertState.FIRING], [AlertState.RESOLVED], [AlertState.RESOLVED], []]


# -- other rules -------------------------------------------------------------------------------------------------------


def test_an_alert_whose_rule_was_removed_ends() -> None:
    firing = evaluate([HALF], *facts(1, a=0.6), alerts=()).alerts
    pending = evaluate([replace(HALF, name="slow", for_blocks=9)], *facts(1, a=0.6), alerts=()).alerts

    outcome = evaluate([], *facts(2, a=0.6), alerts=(*firing, *pending))

    assert [(alert.rule, alert.state) for alert in outcome.changed] == [("half", AlertState.RESOLVED)]
    assert "the rule was removed" in outcome.changed[0].explanation
    assert outcome.alerts == outcome.changed


# -- words -------------------------------------------------------------------------------------------------------------


def test_an_alert_says_what_and_why() -> None:
    firing, resolved = (alert for _, alert in changes(replace(HALF, for_blocks=1), course(0.523, 0.523, 0.44)))

    assert firing.summary == "a has 52.3 % over 7d"
    assert firing.value == 0.523
    assert (firing.started, firing.since, firing.height) == (BLOCK, BLOCK, 1)
    assert firing.labels == {"level": "pool", "entity": "a", "window": "7d"}
    assert "fires above 50.0 % for 1 block and resolves at or below 45.0 %" in firing.explanation
    assert resolved.started == firing.started
    assert (resolved.since, resolved.height, resolved.value) == (2 * BLOCK, 2, 0.44)
    assert resolved.summary == "Resolved: a has 52.3 % over 7d"
