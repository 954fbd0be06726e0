"""Rates of pools and template groups over their audited blocks, with intervals and null models.

Each block gives a part of a whole, such as weight passed over of weight expected. The rate is the sum of the parts over
the sum of the wholes. Of all variables between 0 and 1 with the same mean, one that is only ever 0 or 1 varies most: so
the interval of a proportion, Beta(x + 1/2, n - x + 1/2), is wide enough whatever the distribution over blocks, with
n = (sum of wholes)² / (sum of squares), the effective number of blocks (L. Kish, Survey Sampling, 1965).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from math import exp, lgamma
from typing import Final

import numpy as np

from monitor.analysis.distributions import beta_quantiles
from monitor.analysis.uncertainty.holm import holm
from monitor.analysis.uncertainty.intervals import PRIOR, TAILS
from monitor.model import AuditRow, PoolAudit, Ratio, SanctionedSighting, Trait

UNKNOWN: Final = "unknown"
"""The entity of blocks without a pool."""
_BTC: Final = 1e8
_TRAITS: Final = tuple(trait.value for trait in Trait)


def ratios(pairs: Sequence[tuple[Sequence[float], Sequence[float]]]) -> list[Ratio]:
    """The rate of each pair of parts and wholes, one number a block, with its 95 % interval; 0 to 1 of nothing."""
    values, sizes = [], []
    for parts, wholes in pairs:
        total = float(sum(wholes))
        values.append(sum(parts) / total if total else 0.0)
        sizes.append(total * total / sum(one * one for one in wholes) if total else 0.0)
    if not pairs:
        return []
    x, n = np.multiply(values, sizes), np.asarray(sizes)
    lower, upper = beta_quantiles(TAILS, x + PRIOR, np.maximum(n - x, 0) + PRIOR)
    lower[x <= 0] = 0.0
    upper[x >= n] = 1.0
    lower, upper = np.minimum(lower, values), np.maximum(upper, values)  # the prior moves the ends of few blocks
    return [Ratio(*each) for each in zip(values, lower.tolist(), upper.tolist(), strict=True)]


def as_often_by_chance(found: int, tried: int, *, of: int, among: int) -> float:
    """Probability of `found` or more of the `of` cases among `tried` of all, drawn at random from `among`.

    The tail of the hypergeometric distribution: R. A. Fisher's exact test of one row against the others.
    """
    most = min(tried, of)
    if found <= 0:
        return 1.0
    whole = _log_choose(among, tried)
    return min(
        1.0,
        sum(
            exp(_log_choose(of, each) + _log_choose(among - of, tried - each) - whole)
            for each in range(found, most + 1)
            if tried - each <= among - of
        ),
    )


def pool_audits(
    rows: Sequence[AuditRow],
    sightings: Sequence[SanctionedSighting],
    *,
    level: str,
    window: str,
    entity_of: Callable[[AuditRow], str],
) -> list[PoolAudit]:
    """The audits of each entity, most blocks first.

    Args:
        rows: audits in the window.
        sightings: of transactions of the user's list, in the blocks of `rows`.
        level: `pool` or `template`.
        window: name of the window.
        entity_of: the entity that a block counts for.
    """
    grouped: dict[str, list[AuditRow]] = {}
    at_height = {}
    for row in rows:
        entity = entity_of(row)
        grouped.setdefault(entity, []).append(row)
        at_height[row.height] = entity
    names = sorted(grouped, key=lambda each: (-len(grouped[each]), each))
    missed = {name: sum(row.missed_count > 0 for row in grouped[name]) for name in names}
    chances = _chances(missed, {name: len(grouped[name]) for name in names})
    lists = sanctioned_misses(sightings, at_height)
    specs = [_specs(grouped[name]) for name in names]
    found = iter(ratios([pair for spec in specs for pair in spec.values()]))
    made = []
    for name, spec in zip(names, specs, strict=True):
        rate = {key: next(found) for key in spec}
        of_list = lists.get(name)
        scale = sum(row.fees_sat + row.foregone_sat for row in grouped[name]) / _BTC
        foregone = rate["foregone"]
        made.append(
            PoolAudit(
                level, window, name,
                blocks=len(grouped[name]), match=_complement(rate["missed"]), missed_blocks=missed[name],
                missed_p=chances[name], foregone=foregone,
                foregone_btc=Ratio(foregone.value * scale, foregone.lower * scale, foregone.upper * scale),
                unseen=rate["unseen"], prioritised=rate["prioritised"], own_payouts=rate["own_payouts"],
                traits={name: rate[name] for name in _TRAITS},
                sanctioned_missed=of_list[0] if of_list else 0, sanctioned_p=of_list[1] if of_list else None,
            )
        )  # fmt: skip
    return made


def sanctioned_misses(
    sightings: Iterable[SanctionedSighting], entity_at: Mapping[int, str]
) -> dict[str, tuple[int, float]]:
    """By entity, how often it passed over a transaction that another mined, and how probable that is.

    The null model: every entity passes over such transactions equally often. Probabilities are adjusted for the number
    of entities (Holm).
    """
    by_transaction: dict[str, list[tuple[str, bool]]] = {}
    for each in sightings:
        if entity := entity_at.get(each.height):
            by_transaction.setdefault(each.txid, []).append((entity, each.mined))
    tried, missed = dict[str, int](), dict[str, int]()
    for cases in by_transaction.values():
        miners = {entity for entity, mined in cases if mined}
        for entity, mined in cases if miners else ():
            if mined or miners - {entity}:
                tried[entity] = tried.get(entity, 0) + 1
                missed[entity] = missed.get(entity, 0) + (not mined)
    return {entity: (missed[entity], chance) for entity, chance in _chances(missed, tried).items()}


def _chances(found: Mapping[str, int], tried: Mapping[str, int]) -> dict[str, float]:
    """How probable it is that each entity has found so many of all cases, adjusted for their number."""
    every, among = sum(found.values()), sum(tried.values())
    chances = [as_often_by_chance(found[entity], many, of=every, among=among) for entity, many in tried.items()]
    return dict(zip(tried, holm(np.array(chances)).tolist(), strict=True))


def drops(recent: Iterable[PoolAudit], before: Iterable[PoolAudit]) -> dict[str, float]:
    """By entity, how much its match rate is at least below that before: the distance of both intervals.

    Not positive where they overlap. Two 95 % intervals do not overlap by chance in much less than 5 % of cases.
    """
    earlier = {each.entity: each.match for each in before}
    return {each.entity: earlier[each.entity].lower - each.match.upper for each in recent if each.entity in earlier}


def _specs(rows: Sequence[AuditRow]) -> dict[str, tuple[list[int], list[int]]]:
    """Parts and wholes of each rate."""
    weights, counts = [row.block_weight for row in rows], [row.tx_count for row in rows]
    return {
        "missed": ([row.missed_weight for row in rows], [row.expected_weight for row in rows]),
        "foregone": ([row.foregone_sat for row in rows], [row.fees_sat + row.foregone_sat for row in rows]),
        "unseen": ([row.unseen_weight for row in rows], weights),
        "prioritised": ([row.prioritised_weight for row in rows], weights),
        "own_payouts": ([row.own_payouts for row in rows], counts),
        **{name: ([row.traits.get(name, 0) for row in rows], counts) for name in _TRAITS},
    }


def _complement(ratio: Ratio) -> Ratio:
    return Ratio(1 - ratio.value, 1 - ratio.upper, 1 - ratio.lower)


def _log_choose(n: int, k: int) -> float:
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)
