"""The rules as people write them: TOML, checked key by key; a typo is an error with its place, never a rule less."""

from __future__ import annotations

import difflib
import re
import string
import tomllib
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from monitor.alerts.lookup import MetricLookup
from monitor.alerts.rules import Rule
from monitor.errors import RulesError
from monitor.model import Severity, Window

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def _seconds(value: object) -> object:
    if not isinstance(value, str):
        raise ValueError('write a count and a unit: "30s", "10m", "6h", "2d"')  # noqa: TRY004 -- pydantic expects it
    found = re.fullmatch(r"(\d{1,6})([smhd])", value)
    if not found:
        raise ValueError(f'{value!r} is no duration: write a count and a unit, as in "30s", "10m", "6h", "2d"')
    return float(int(found[1]) * _UNITS[found[2]])


def _patterns(value: object) -> object:
    """One pattern or several; numbers and bits may be written as such."""
    if not isinstance(value, dict):
        return value
    return {
        name: tuple(map(str, patterns)) if isinstance(patterns, list) else (str(patterns),)
        for name, patterns in value.items()
    }


_Duration = Annotated[float, BeforeValidator(_seconds)]


class _Written(BaseModel):
    """A rule as it is written."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    name: str = Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")
    value: str
    where: Annotated[Mapping[str, tuple[str, ...]], BeforeValidator(_patterns)] = Field(default_factory=dict)
    above: float | None = Field(default=None, allow_inf_nan=False)
    below: float | None = Field(default=None, allow_inf_nan=False)
    until: float | None = Field(default=None, allow_inf_nan=False)
    for_blocks: int = Field(default=0, ge=0, le=100_000)
    lasting: _Duration = Field(default=0.0, alias="for")
    keep: _Duration = 0.0
    cooldown: _Duration = 0.0
    severity: Severity
    summary: str = Field(min_length=1, max_length=300)
    meaning: str = Field(default="", max_length=2000)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.above is None) == (self.below is None):
            raise ValueError("write either above or below: from where on it is news")
        if self.until is not None:
            if self.above is not None and self.until > self.above:
                raise ValueError("until must not be higher than above: there the alert ends")
            if self.below is not None and self.until < self.below:
                raise ValueError("until must not be lower than below: there the alert ends")
        return self

    def rule(self) -> Rule:
        """What it comes to."""
        enter = self.below if self.above is None else self.above
        assert enter is not None
        return Rule(
            name=self.name,
            severity=self.severity,
            value=self.value,
            enter=enter,
            leave=enter if self.until is None else self.until,
            rising=self.above is not None,
            summary=self.summary,
            where=self.where,
            for_blocks=self.for_blocks,
            for_seconds=self.lasting,
            keep_seconds=self.keep,
            cooldown_seconds=self.cooldown,
            meaning=self.meaning,
        )


class _Document(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    rule: tuple[_Written, ...] = ()


def parse(text: str, vocabulary: MetricLookup, *, origin: str) -> tuple[Rule, ...]:
    """Read rules.

    Args:
        text: TOML.
        vocabulary: what they may look at.
        origin: names the text in errors.

    Raises:
        RulesError: with a line for each thing that is wrong.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RulesError(f"{origin}: is no TOML: {error}") from None
    try:
        written = _Document(**document).rule
    except ValidationError as error:
        raise RulesError("\n".join(f"{origin}: {line}" for line in _explained(error, document))) from None
    rules = tuple(each.rule() for each in written)
    wrong = [f"{origin}: {line}" for line in _misfits(rules, vocabulary)]
    if wrong:
        raise RulesError("\n".join(wrong))
    return rules


def _explained(error: ValidationError, document: Mapping[str, Any]) -> Iterator[str]:
    keys = [field.alias or name for name, field in _Written.model_fields.items()]
    for problem in error.errors(include_url=False, include_input=False):
        path = ".".join(map(str, problem["loc"]))
        match problem["loc"]:
            case ("rule", int(at), *_):
                path += f" ({document['rule'][at].get('name', 'without a name')})" if _is_table(document, at) else ""
        if problem["type"] == "extra_forbidden":
            near = difflib.get_close_matches(str(problem["loc"][-1]), keys, n=1)
            yield f"{path}: unknown key{f'; did you mean {near[0]}?' if near else ''}"
        else:
            yield f"{path}: {problem['msg'].removeprefix('Value error, ')}"


def _is_table(document: Mapping[str, Any], at: int) -> bool:
    rules = document["rule"]
    return isinstance(rules, list) and isinstance(rules[at], dict)


def _misfits(rules: tuple[Rule, ...], vocabulary: MetricLookup) -> Iterator[str]:
    """What is well formed and makes no sense."""
    names = [rule.name for rule in rules]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"{name}: two rules have this name; the alerts of one could not be told from the other's"
    for rule in rules:
        labels = vocabulary.labels(rule.value)
        if labels is None:
            near = difflib.get_close_matches(rule.value.removeprefix("pool_monitor_"), vocabulary.names(), n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            yield f"{rule.name}.value: nothing is called {rule.value!r}{hint} docs/alerts.md has all names"
            continue
        known = ", ".join(labels) or "none"
        for label in rule.where:
            if label not in labels:
                yield f"{rule.name}.where.{label}: {rule.value} has no such label; it has: {known}"
        try:
            fields = [field for _, field, _, _ in string.Formatter().parse(rule.summary) if field is not None]
        except ValueError as error:
            yield f"{rule.name}.summary: {error}"
            continue
        for field in fields:
            if field not in {*labels, "value"}:
                yield f"{rule.name}.summary: there is nothing to put for {{{field}}}; there is: value, {known}"


def missing_windows(rule: Rule, windows: tuple[Window, ...]) -> list[str]:
    """Windows that a rule names and that are not counted: it would be quiet for ever."""
    counted = {window.name for window in windows} | {"period"}
    return [name for name in rule.where.get("window", ()) if name not in counted and not set(name) & set("*?[")]
