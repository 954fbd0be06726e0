"""What is said of both economies. A direction is stated only if the 95 % interval of its slope excludes zero."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from monitor.model import (
    Bounds,
    Claim,
    Comparison,
    Direction,
    Interval,
    LayerMeasure,
    MiningSide,
    SeriesPoint,
    Slope,
)

_WORDS: Final = {Direction.DISPERSING: "rising", Direction.CONCENTRATING: "falling"}
_MINING: Final = {
    "pool": "pools", "template": "template builders", "country": "registered seats", "origin": "countries of origin",
}  # fmt: skip
_AI: Final = {
    "designer": "chip designers", "ownership": "chip owners", "usage": "model authors", "open_weights": "uploaders",
}  # fmt: skip
_OPPOSITE: Final = "Opposite directions."
_VERBS: Final = {
    Direction.DISPERSING: "disperse", Direction.CONCENTRATING: "concentrate", Direction.UNDECIDED: "are undecided",
}  # fmt: skip
_LEAST_COVERED: Final = 0.9
"""Share of the AI side's span that mining's must cover: the rule is over the same period on both sides."""


def number(bounds: Bounds, digits: int = 1) -> str:
    """Both readings, as one number where they agree."""
    return interval(Interval(bounds.least, bounds.most), digits)


def interval(ends: Interval, digits: int = 1) -> str:
    """Both ends, as one number where they agree."""
    low, high = f"{ends.lower:,.{digits}f}", f"{ends.upper:,.{digits}f}"
    return low if low == high else f"{low}–{high}"


def largest(measure: LayerMeasure, many: int) -> str:
    """The largest entities with their shares, and in brackets the 95 % interval where the source states errors."""
    return ", ".join(
        f"{each.entity} {100 * each.share:.0f} %"
        + (f" ({100 * each.interval.lower:.0f}–{100 * each.interval.upper:.0f})" if each.interval else "")
        for each in measure.shares[:many]
    )


def majority(measure: LayerMeasure) -> str:
    """The fewest entities with more than half, and in brackets the 95 % interval if it is wider."""
    exact, whole = number(measure.majority, 0), interval(measure.majority_interval, 0)
    return exact if exact == whole else f"{exact} ({whole})"


def direction(slope: Slope | None) -> str:
    """The direction of a trend with its probability."""
    return f"{slope.direction}, {_chance(slope)}" if slope else "no trend yet"


def percent(chance: float) -> str:
    """A probability of a direction, never shown as certain."""
    return f"{min(99.9, 100 * chance):.0f} %" if chance < 0.995 else "over 99 %"


def mining_text(side: MiningSide | None) -> str:
    """The trend of a mining side."""
    if side is None or not side.series:
        return "mining: no stored history"
    return f"mining: {_trend(_MINING[side.level], side.series, side.slope, is_flow=True)}"


def ai_text(measure: LayerMeasure | None) -> str:
    """The trend of an AI side."""
    if measure is None:
        return "AI: not measured"
    return f"AI: {_trend(_AI[measure.layer], measure.series, measure.slope, is_flow=measure.is_flow)}"


def _trend(what: str, series: Sequence[SeriesPoint], slope: Slope | None, *, is_flow: bool) -> str:
    """Of a flow, the ends of the line, because a single week says little; of a stock, its first and last state."""
    first, last = series[0], series[-1]
    if slope is None:
        return f"{number(last.effective)} effective {what} on {last.period}, too few points for a trend"
    ends = (
        f"{slope.start:.1f} → {slope.end:.1f}" if is_flow else f"{number(first.effective)} → {number(last.effective)}"
    )
    change = f"effective {what} {ends} in {_span(slope)}"
    if slope.direction is Direction.UNDECIDED:
        return f"{change}, undecided ({_chance(slope)})"
    return f"{change}, {_WORDS[slope.direction]}, {percent(slope.certainty)}"


def _chance(slope: Slope) -> str:
    """The probability of the direction or, without one, of the more probable one."""
    if slope.direction is not Direction.UNDECIDED:
        return percent(slope.certainty)
    if slope.rising == 1 / 2:
        return "rising or falling, by the remainder"
    return f"{percent(slope.certainty)} {'rising' if slope.rising > 1 / 2 else 'falling'}"


def _span(slope: Slope) -> str:
    days = (slope.last - slope.first).days
    return f"{round(days / 30.44)} months" if days > 60 else f"{round(days / 7)} weeks"


def verdict(comparison: Comparison) -> str:
    """One sentence for a layer."""
    mining, ai = comparison.mining, comparison.ai
    if mining is None and ai is None:
        return "Not measured on either side."
    if mining is None:
        return f"{_sentence(ai_text(ai))}. {_beside(comparison)}"
    if ai is None:
        return f"{_sentence(mining_text(mining))}. The AI side is not measured."
    return f"{_sentence(mining_text(mining))}; {ai_text(ai)}. {_both(mining, ai)}"


def _beside(comparison: Comparison) -> str:
    if comparison.beside is None or comparison.ai is None:
        return f"Mining is not measured: {comparison.mining_missing}."
    other = mining_text(comparison.beside).removeprefix("mining: ")
    return f"For the direction only, another layer of mining: {other}. {_both(comparison.beside, comparison.ai)}"


def _both(mining: MiningSide, ai: LayerMeasure) -> str:
    """What both directions are together: opposite only if both are stated."""
    ours, theirs = mining.slope, ai.slope
    if not ours or not theirs:
        return "No verdict: a side has too few points."
    if not _covers(ours, theirs):
        more = "; pool-monitor backfill fetches more" if ours.first > theirs.first else ""
        return (
            f"No verdict: the AI side is of {theirs.first} to {theirs.last}, and mining's stored blocks are of "
            f"{ours.first} to {ours.last}{more}."
        )
    directions = {ours.direction, theirs.direction}
    if Direction.UNDECIDED in directions:
        return "Undecided: not both intervals exclude zero."
    return "The same direction." if len(directions) == 1 else _OPPOSITE


def _covers(ours: Slope, theirs: Slope) -> bool:
    wanted = (theirs.last - theirs.first).days
    common = (min(ours.last, theirs.last) - max(ours.first, theirs.first)).days
    return common >= _LEAST_COVERED * wanted


def answer(comparisons: Sequence[Comparison], builders: MiningSide | None) -> str:
    """Which sides disperse and concentrate, and where the directions are opposite."""
    slopes = {_AI[each.ai.layer]: each.ai.slope for each in comparisons if each.ai}
    groups = [
        f"{' and '.join(names)} {verb}"
        for direction, verb in _VERBS.items()
        if (names := [name for name, slope in slopes.items() if slope and slope.direction is direction])
    ]
    mining = f"template builders {_VERBS[builders.slope.direction]}" if builders and builders.slope else "no trend yet"
    opposite = [
        f"{_AI[each.ai.layer]} against {_MINING[side.level]}"
        for each in comparisons
        if each.ai and (side := each.mining or each.beside) and each.verdict.endswith(_OPPOSITE)
    ]
    return (
        f"AI: {'; '.join(groups) or 'no trend yet'}. Mining: {mining}. "
        f"Opposite directions: {'; '.join(opposite) or 'none found'}."
    )


def summary(comparisons: Sequence[Comparison], builders: MiningSide | None) -> str:
    """All directions in one sentence."""
    sides = [ai_text(each.ai) for each in comparisons if each.ai]
    return "; ".join([_sentence(mining_text(builders)), *sides]) + "."


def claims(comparisons: Sequence[Comparison], builders: MiningSide | None) -> tuple[Claim, ...]:
    """What is said about both economies, in our words, and what the data say of it."""
    found = {each.key: each for each in comparisons}
    owners, designers = found["owner"].ai, found["designer"].ai
    return (
        Claim("Mining concentrates.", _sentence(mining_text(builders)) + "."),
        Claim(
            "AI compute disperses over more participants.",
            f"By layer, not as a whole. {_sentence(ai_text(designers))}. {_sentence(ai_text(owners))}.",
        ),
        Claim("The use of AI spreads over more models and their authors.", _sentence(ai_text(found["flow"].ai)) + "."),
        Claim("Open weights disperse AI.", _sentence(ai_text(found["weights"].ai)) + "."),
        Claim(
            "Inference moves to the edge and onto devices.",
            f"Not measured: {found['edge'].ai_missing}.",
        ),
        Claim(
            "Both economies move in opposite directions.",
            f"{answer(comparisons, builders)} Ownership and design of chips have no counterpart in mining's data: "
            "beside them only the direction of template builders can be stated.",
        ),
    )


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
