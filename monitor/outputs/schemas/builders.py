"""Who builds templates together, and who holds the money, as far as this monitor's evidence says."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Annotated, Any

from pydantic import BeforeValidator

from monitor.model import EvidenceKind
from monitor.outputs.schemas.base import PoolRef, Schema, Time, field


class PoolEvidence(Schema):
    """Two pools had something in common for a while."""

    kind: EvidenceKind = field("What they have in common; docs/templates.md explains each kind")
    pools: tuple[str, str] = field("Slugs of both pools, in the order of the alphabet")
    since: Time = field("When it was seen first")
    until: Time = field("When it was seen last")
    similarity: float = field("0 to 1; the meaning depends on the kind")
    n: int = field("Number of blocks or jobs that it rests on")
    p: float = field("Probability of as much or more if the pools have nothing to do with each other")
    text: str = field("In a sentence")


class Proposal(PoolRef):
    """A dated membership that evidence suggests."""

    level: str = field("`template` or `custodian`")
    group: str = field("Name of the group, after its largest pool")
    since: date = field("First day (UTC)")
    until: date | None = field("First day on which it no longer holds; null while the evidence is recent")
    confidence: str = field("`low`, `medium` or `high`")
    evidence: list[PoolEvidence] = field("What links the pool to others of the group, the strongest first")


class ScriptChange(Schema):
    """A pool began to pay its rewards to another script."""

    time: Time = field("Header time of the first block that paid it")
    script: str = field("The script, in hex")


def _changes(changes: Iterable[tuple[int, str]]) -> list[dict[str, Any]]:
    return [{"time": time, "script": script} for time, script in changes]


class PayoutStyle(PoolRef):
    """How a pool takes its rewards."""

    blocks: int = field("Blocks that were looked at")
    style: str = field("`custodial`, `split` or `in_the_coinbase`: that of most blocks")
    styles: dict[str, int] = field("Blocks of each style")
    scripts: int = field("Number of different scripts that took most of a reward")
    script_since: Time | None = field("When the present script was paid first; null where miners are paid directly")
    changes: Annotated[list[ScriptChange], BeforeValidator(_changes)] = field("Changes of the script, newest first")
    spent: int = field("Number of rewards that were seen to be spent")
    days_until_spent: tuple[float, float, float] | None = field(
        "Lower quartile, median and upper quartile, of those that were spent; null of none"
    )


class Custody(Schema):
    """How far rewards have been followed to where they are spent."""

    off: str | None = field("Why they are not followed; null while they are")
    scanned: int = field("Blocks searched for spends")
    missing: int = field("Blocks that are still to be searched")
    spends: int = field("Number of spends of rewards that were found")


class Builders(Schema):
    """What evidence of this monitor says."""

    measured_template: bool = field("Whether the level `template` counts by these proposals instead of the list")
    custody: Custody = field("How far rewards have been followed")
    proposals: list[Proposal] = field("By level, group, pool and time")
    evidence: list[PoolEvidence] = field("All evidence, oldest first")
    payouts: list[PayoutStyle] = field("By pool, most blocks first", at="styles")
