"""Parses alert rules from TOML; every unknown key and invalid value is an error with its position."""

from __future__ import annotations

import difflib
import re
import string
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from monitor.alerts.inputs import MetricLookup
from monitor.alerts.rules import Rule
from monitor.documents import TomlError, parse_toml
from monitor.errors import RulesError
from monitor.model import Severity, Window

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def _seconds(value: object) -> object:
    if not isinstance(value, str):
        raise ValueError('write a count and a unit: "30s", "10m", "6h", "2d"')  # noqa: TRY004 -- pydantic expects it
    found = re.fullmatch(r"(\d{1,6})([smhd])", value)
    if not found:
        raise ValueError(f'{value!r} is not a duration: write a count and a unit, for example "30s", "10m", "6h", "2d"')
    return float(int(found[1]) * _UNITS[found[2]])


def _patterns(value: object) -> object:
    """A single pattern or a list; numbers are accepted unquoted."""
    if not isinstance(value, dict):
        return value
    return {
        name: tuple(map(str, patterns)) if isinstance(patterns, list) else (str(patterns),)
        for name, patterns in value.items()
    }


_Duration = Annotated[float, BeforeValidator(_seconds)]


class _RuleTable(BaseModel):
    """One `[[rule]]` table."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    name: str = Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")
    value: str
    where: Annotated[Mapping[str, tuple[str, ...]], BeforeValidator(_patterns)] = Field(default_factory=dict)
    above: float | None = Field(default=None, allow_inf_nan=False)
    below: float | None = Field(default=None, allow_inf_nan=False)
    until: float | None = Field(default=None, allow_inf_nan=False)
    for_blocks: int = Field(default=0, ge=0, le=100_000)
    for_seconds: _Duration = Field(default=0.0, alias="for")
    keep_seconds: _Duration = Field(default=0.0, alias="keep")
    cooldown_seconds: _Duration = Field(default=0.0, alias="cooldown")
    severity: Severity
    summary: str = Field(min_length=1, max_length=300)
    meaning: str = Field(default="", max_length=2000)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.above is None) == (self.below is None):
            raise ValueError("write either above or below, the threshold at which the alert fires")
        if self.until is not None:
            if self.above is not None and self.until > self.above:
                raise ValueError("until must not be higher than above")
            if self.below is not None and self.until < self.below:
                raise ValueError("until must not be lower than below")
        return self

    def rule(self) -> Rule:
        """Convert to a `Rule`."""
        enter = self.below if self.above is None else self.above
        assert enter is not None
        leave, rising = enter if self.until is None else self.until, self.above is not None
        return Rule(**self.model_dump(exclude={"above", "below", "until"}), enter=enter, leave=leave, rising=rising)


class _Document(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    rule: tuple[_RuleTable, ...] = ()


def parse(text: str, lookup: MetricLookup, *, origin: str) -> tuple[Rule, ...]:
    """Parse alert rules in TOML; `origin` names the file in messages.

    Raises:
        RulesError: with one line per mistake.
    """
    try:
        document = parse_toml(text)
    except TomlError as error:
        raise RulesError(f"{origin}: is not valid TOML: {error}") from None
    try:
        written = _Document(**document).rule
    except ValidationError as error:
        raise RulesError("\n".join(f"{origin}: {line}" for line in _explained(error, document))) from None
    rules = tuple(each.rule() for each in written)
    wrong = [f"{origin}: {line}" for line in _inconsistencies(rules, lookup)]
    if wrong:
        raise RulesError("\n".join(wrong))
    return rules


def _explained(error: ValidationError, document: Mapping[str, Any]) -> Iterator[str]:
    keys = [field.alias or name for name, field in _RuleTable.model_fields.items()]
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


def _inconsistencies(rules: tuple[Rule, ...], lookup: MetricLookup) -> Iterator[str]:
    """Rules that are well formed but inconsistent with each other or with the metrics."""
    names = [rule.name for rule in rules]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"{name}: duplicate rule name"
    for rule in rules:
        labels = lookup.labels(rule.value)
        if labels is None:
            near = difflib.get_close_matches(rule.value.removeprefix("pool_monitor_"), lookup.names(), n=1)
            hint = f"; did you mean {near[0]}" if near else ""
            yield f"{rule.name}.value: unknown metric {rule.value!r}{hint}; docs/alerts.md lists all names"
            continue
        known = ", ".join(labels) or "none"
        for label in rule.where:
            if label not in labels:
                yield f"{rule.name}.where.{label}: unknown label; {rule.value} has: {known}"
        try:
            fields = [field for _, field, _, _ in string.Formatter().parse(rule.summary) if field is not None]
        except ValueError as error:
            yield f"{rule.name}.summary: {error}"
            continue
        for field in fields:
            if field not in (offered := lookup.placeholders(rule.value)):
                yield f"{rule.name}.summary: unknown placeholder {{{field}}}; choose from: {', '.join(offered)}"


def missing_windows(rule: Rule, windows: tuple[Window, ...]) -> list[str]:
    """Windows that a rule refers to and that are not computed, so it could never fire."""
    counted = {window.name for window in windows} | {"period"}
    return [name for name in rule.where.get("window", ()) if name not in counted and not set(name) & set("*?[")]
