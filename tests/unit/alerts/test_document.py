"""Rules as people write them: what is right is read, and what is wrong is named with its place."""

import pytest

from monitor.alerts.loading import METRIC_LOOKUP, load_rules
from monitor.alerts.parse import missing_windows, parse
from monitor.alerts.rules import Rule
from monitor.config import AlertsSection, Config, shipped
from monitor.errors import Exit, RulesError
from monitor.model import Severity, Window

RULE = """
[[rule]]
name = "half"
value = "share_above_probability"
where = { level = "pool", window = "7d", threshold = 0.5 }
above = 0.95
until = 0.5
for_blocks = 12
for = "10m"
keep = "6h"
cooldown = "2d"
severity = "critical"
summary = "{entity} has {value}"
meaning = "So it is."
"""


def read(text: str) -> tuple[Rule, ...]:
    return parse(text, METRIC_LOOKUP, origin="rules.toml")


def test_every_key_is_read() -> None:
    assert read(RULE) == (
        Rule(
            "half", Severity.CRITICAL, "share_above_probability", enter=0.95, leave=0.5, rising=True,
            summary="{entity} has {value}", where={"level": ("pool",), "window": ("7d",), "threshold": ("0.5",)},
            for_blocks=12, for_seconds=600, keep_seconds=6 * 3600, cooldown_seconds=2 * 86_400, meaning="So it is.",
        ),
    )  # fmt: skip


def test_without_until_it_ends_where_it_begins() -> None:
    (rule,) = read(RULE.replace("above = 0.95\nuntil = 0.5", "below = 0.95"))

    assert (rule.enter, rule.leave, rule.rising) == (0.95, 0.95, False)


def test_no_rules_are_allowed() -> None:
    assert read("") == ()


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("cooldown", "cooldwon", "rule.0.cooldwon (half): unknown key; did you mean cooldown?"),
        ("[[rule]]", "[[rules]]", "rules: unknown key"),
        ("[[rule]]", "rule = 3\n[x]", "rule: "),
        ('"half"', '"Half a"', "rule.0.name (Half a): String should match pattern"),
        ("above = 0.95", "above = 0.95\nbelow = 0.1", "write either above or below"),
        ("above = 0.95\nuntil = 0.5", "", "write either above or below"),
        ("until = 0.5", "until = 0.99", "until must not be higher than above"),
        ('"10m"', '"10 minutes"', "'10 minutes' is not a duration: write a count and a unit"),
        ('"10m"', "600", "write a count and a unit"),
        ("0.95", "nan", "finite number"),
        ('"critical"', '"fatal"', "rule.0.severity (half): Input should be 'info', 'warning' or 'critical'"),
        ("share_above_probability", "share_ration", "half.value: unknown metric 'share_ration'; did you mean"),
        (
            'level = "pool"',
            'lvel = "pool"',
            "half.where.lvel: unknown label; share_above_probability has: level",
        ),
        ("{entity} has", "{pool} has", "half.summary: unknown placeholder {pool}; choose from: value, level"),
        ("{entity} has", "{entity has", "half.summary: "),
        ('name = "half"', "name = half", "rules.toml: is not valid TOML"),
        ("\n[[rule]]", f"{RULE}\n[[rule]]", "half: duplicate rule name"),
    ],
)
def test_what_is_wrong_is_named(old: str, new: str, reason: str) -> None:
    with pytest.raises(RulesError) as caught:
        read(RULE.replace(old, new))

    assert reason in str(caught.value)
    assert str(caught.value).startswith("rules.toml: ")
    assert caught.value.exit_code is Exit.MISCONFIGURED


def test_a_window_that_is_not_counted_is_found() -> None:
    (rule,) = read(RULE)

    assert missing_windows(rule, (Window.parse("24h"),)) == ["7d"]
    assert missing_windows(rule, (Window.parse("7d"),)) == []
    for free in ('"*"', '"period"'):
        (anywhere,) = read(RULE.replace('"7d"', free))
        assert missing_windows(anywhere, (Window.parse("24h"),)) == []


def test_the_rules_that_come_with_the_program_fit_the_windows_that_do() -> None:
    assert len(load_rules(Config())) == len(read(shipped("alerts.toml").read_text("utf-8"))) > 15


def test_of_those_the_ones_without_their_window_are_left_out() -> None:
    few = Config.model_validate({"windows": ["24h"]})

    assert {rule.name for rule in load_rules(few)} < {rule.name for rule in load_rules(Config())}


def test_in_a_file_of_ones_own_that_is_an_error() -> None:
    file = shipped("alerts.toml")
    config = Config.model_validate({"windows": ["24h"], "alerts": AlertsSection(rules_file=file)})

    with pytest.raises(RulesError, match=r"pool_majority.where.window: 7d is not computed; add it to windows"):
        load_rules(config)


def test_a_file_that_is_not_there() -> None:
    with pytest.raises(RulesError, match=r"nowhere.toml: cannot be read .*; correct alerts.rules_file"):
        load_rules(Config.model_validate({"alerts": {"rules_file": "nowhere.toml"}}))
