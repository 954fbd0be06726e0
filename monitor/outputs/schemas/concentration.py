"""Shares and indices of a window, and how sure they are."""

from __future__ import annotations

from typing import Self

from monitor import model
from monitor.model import Snapshot, for_window
from monitor.outputs.schemas.base import Name, Schema, Time, field
from monitor.outputs.schemas.blocks import Tip


class Hashrate(Schema):
    """Hashes a second, with the ends of the 95 % interval by sampling alone."""

    value: float = field("Estimate, in hashes per second")
    lower: float = field("Lower end")
    upper: float = field("Upper end")


class EntityShare(Schema):
    """What one entity mined of a window."""

    entity: str = field("Slug of the pool, or name of the group at another level")
    name: Name = field("What to call it", at="entity")
    blocks: int = field("Blocks mined")
    share: float = field("Share of the window's blocks, 0 to 1")
    lower: float | None = field(
        "Lower end of the published 95 % interval of the share of hashrate: of sampling, memberships, unknown blocks "
        "and attributions of low confidence together; null until it is estimated, or with fewer than two blocks"
    )
    upper: float | None = field("Upper end")
    sampling_lower: float = field("Lower end of its sampling part: what blocks as a sample explain; 0 without blocks")
    sampling_upper: float = field("Upper end")


class Share(EntityShare):
    """What one entity mined of a window, and what it says about its hashrate."""

    above: dict[str, float] = field(
        "Probability, by sampling alone, that it exceeds 0.25, 0.333 (a third) and 0.5; empty for small shares"
    )
    hashrate: Hashrate | None = field("Estimated hashrate; null where the network's is not known")


class Counted(Schema):
    """Which blocks were counted."""

    level: str = field("What blocks are counted for: `pool`, `template`, `operator`, `origin` or `country`")
    window: str = field("Name of the window", at="window.name")
    blocks: int = field("Blocks in the window")
    complete: float = field(
        "How much of the window is stored, 0 to 1; below 1, all numbers are those of a shorter window"
    )
    unknown: int = field(
        "Blocks without an entity: unattributed ones, and at `origin` and `country` those of pools without a known "
        "country. They are in no share"
    )
    alone: int = field(
        "Blocks of solo miners: each is an entity of its own, without a share by name. Not those of pools without a "
        "known country"
    )


class WindowShares(Counted):
    """The shares of one window."""

    shares: list[Share] = field("Largest first; then entities that may have blocks, but have none counted")

    @classmethod
    def of_window(cls, one: model.Concentration, snapshot: Snapshot) -> Self:
        """One level and window."""
        about = {**one._asdict(), "window": {"name": one.window.name}, "shares": snapshot.shares(one)}
        return cls.of(about, snapshot.pool_names)


class Shares(Schema):
    """Who mined how much."""

    tip: Tip = field("The block that the numbers are of")
    windows: list[WindowShares] = field("In the order configured")


class CurrentShare(Schema):
    """An entity's share of the hashrate now: an estimate for the coming fortnight."""

    entity: str = field("Slug of the pool, or name of the group at another level")
    name: Name = field("What to call it", at="entity")
    share: float = field("Estimate, 0 to 1")
    lower: float = field(
        "Lower end of the 95 % interval of the mean share of hashrate: of sampling, the usual drift, memberships, "
        "unknown blocks and attributions of low confidence together"
    )
    upper: float = field("Upper end")
    blocks_lower: float = field(
        "Lower end of the 95 % interval of the share of that fortnight's blocks that will count for it: of sampling, "
        "drift and luck, without memberships; both ends are 0 as long as no block counts for it",
        at="blocks.lower",
    )
    blocks_upper: float = field("Upper end", at="blocks.upper")


class CurrentShares(Schema):
    """Shares of the hashrate now, as attributed and by the memberships that count."""

    tip: Tip = field("The newest block")
    level: str = field("What blocks are counted for")
    height: int | None = field("The block that the estimates are of; null as long as there are none")
    shares: list[CurrentShare] | None = field(
        "Largest first; then entities that may have blocks, but have none counted; null until they are estimated"
    )

    @classmethod
    def of_level(cls, level: str, snapshot: Snapshot) -> Self:
        """Those of one level."""
        known = snapshot.estimates
        return cls.of(
            {
                "tip": snapshot,
                "level": level,
                "height": known.tip.height if known else None,
                "shares": [each for each in known.current if each.level == level] if known else None,
            },
            snapshot.pool_names,
        )


class Indices(Schema):
    """Concentration indices of one set of counts."""

    hhi: float = field("Herfindahl-Hirschman index, 0 to 10,000")
    hhi_unbiased: float | None = field(
        "The HHI, 0 to 10,000, corrected for the size of the sample; null for a single block"
    )
    nakamoto: int = field("The fewest entities that together have more than half of the blocks")
    gini: float = field("Gini coefficient, 0 (all equal) to 1 - 1/n")
    entropy_bits: float = field("Shannon entropy of the shares, in bits")
    effective_entities: float = field("How many equal entities would have this HHI: 10,000 / HHI")
    theil: float = field("Theil's T, in nats: 0 (all equal) to ln n")
    top_share: dict[int, float] = field("Share of the largest one, two and three entities together")


class Interval(Schema):
    """A 95 % interval, or a range."""

    lower: float = field("Lower end")
    upper: float = field("Upper end")


class WholeInterval(Schema):
    """The same of a whole number."""

    lower: int = field("Lower end")
    upper: int = field("Upper end")


class IndexIntervals(Schema):
    """95 % sampling intervals of the indices, for one reading of the unknown blocks."""

    hhi: Interval = field("Of `hhi_unbiased`")
    nakamoto: WholeInterval = field("Of the Nakamoto coefficient")
    nakamoto_probability: dict[int, float] = field("Probability of each value that it may have")
    effective_entities: Interval = field("Of 10,000 / `hhi_unbiased`; `effective_entities` is within")
    entropy_bits: Interval = field("Of the entropy")
    top_share: dict[int, Interval] = field("Of the share of the largest one, two and three entities together")


class Combined(Schema):
    """The published 95 % intervals: of sampling, memberships, unknown blocks and low confidence together."""

    hhi: Interval = field("Of `headline_hhi`; both readings of the unknown blocks are within")
    nakamoto: WholeInterval = field("Of the Nakamoto coefficient; both readings are within")


class Trend(Schema):
    """Trend of the effective entities over the window."""

    slope: float = field("Effective entities a year; positive: concentration falls")
    lower: float = field("Lower end of the 95 % interval of the slope")
    upper: float = field("Upper end")
    rising: float = field("Probability that concentration rises")


class Envelope(Schema):
    """How far the numbers depend on uncertain memberships."""

    open: list[str] = field("Pools with an uncertain membership and blocks in the window")
    hhi: dict[str, Interval] = field("The values that the memberships allow, for `split` and `merged`")
    nakamoto: dict[str, WholeInterval] = field("The values that the memberships allow, for `split` and `merged`")
    shares: dict[str, Interval] = field("Smallest and largest share of each entity that depends on them")


class TemplateDifference(Schema):
    """Level `template` less level `pool`."""

    blocks: int = field("Blocks that count for another entity at level `template`")
    ratio: float = field("The same as a share of the window's blocks")
    hhi: dict[str, float] = field("Difference of the HHI, for `split` and `merged`")
    nakamoto: dict[str, int] = field("Difference of the Nakamoto coefficient, for `split` and `merged`")


class Estimates(Schema):
    """How sure the indices are, and their trend."""

    height: int = field("The block that the estimates are of")
    hash: str = field("Its hash")
    combined: Combined | None = field("The intervals to publish; null with fewer than two blocks")
    split: IndexIntervals | None = field(
        "Sampling alone, each unknown block its own miner; null with fewer than two blocks"
    )
    merged: IndexIntervals | None = field(
        "Sampling alone, all unknown blocks one miner; null with fewer than two blocks"
    )
    trend: Trend | None = field("Null where the window is too short")
    envelope: Envelope | None = field("Null where no membership is uncertain")
    template_difference: TemplateDifference | None = field("Null where the levels do not exist")

    @classmethod
    def of_window(cls, one: model.Concentration, known: model.Estimates) -> Self:
        """Those of one level and window."""
        estimate = for_window(one, known.indices)
        return cls.of({
            "height": known.tip.height,
            "hash": known.tip.hash,
            "combined": for_window(one, known.combined),
            "split": estimate and estimate.split,
            "merged": estimate and estimate.merged,
            "trend": for_window(one, known.trends),
            "envelope": for_window(one, known.envelopes),
            "template_difference": next((each for each in known.differences if each.window == one.window.name), None),
        })  # fmt: skip


class WindowConcentration(Counted):
    """The indices of one window."""

    headline_hhi: float | None = field(
        "The HHI to show where one is shown: without small-sample bias, unknown blocks split; null without blocks",
        at="split.headline_hhi",
        default=None,
    )
    split: Indices | None = field(
        "Each unknown block its own miner, and each pool without a known entity one; null without blocks"
    )
    merged: Indices | None = field("All unknown blocks one miner; null without blocks")
    estimates: Estimates | None = field("Null until the daemon has caught up for the first time", default=None)

    @classmethod
    def of_window(cls, one: model.Concentration, snapshot: Snapshot) -> Self:
        """One level and window."""
        known = snapshot.estimates
        return cls.of(one).model_copy(update={"estimates": known and Estimates.of_window(one, known)})


class Concentration(Schema):
    """How concentrated mining is."""

    tip: Tip = field("The block that the numbers are of")
    windows: list[WindowConcentration] = field("In the order configured")


class ShareAround(Schema):
    """A share before or after a change."""

    blocks: int = field("Blocks mined")
    share: float = field("Share of the blocks, 0 to 1")
    lower: float = field("Lower end of the 95 % interval of the share of hashrate")
    upper: float = field("Upper end")


class Change(Schema):
    """A significant change of one entity's share of hashrate."""

    level: str = field("Level of the entity")
    entity: str = field("The entity")
    height: int = field("The first block after the change, as estimated")
    time: Time = field("Header time of that block")
    found_height: int = field("The block at which the change became significant")
    before: ShareAround = field("Over the 30 days before it, or since the change before it")
    after: ShareAround = field(
        "Over the 30 days after it, or until the next change; until they are over, an estimate of what will last"
    )
    size: Interval = field("95 % interval of `after` less `before`: both ends below zero for a loss")
    labelling: bool = field("Whether unknown blocks mirror at least half of it: then labels changed, not the hashrate")
    counterpart: str | None = field("The entity that won about what this one lost, or the other way round; null: none")


class Changes(Schema):
    """Significant changes of shares of hashrate."""

    tip: Tip = field("The newest block")
    changes: list[Change] | None = field("Newest first; null until the daemon has caught up for the first time")

    @classmethod
    def of_snapshot(cls, snapshot: Snapshot) -> Self:
        """All of them."""
        changes = snapshot.estimates.changes[::-1] if snapshot.estimates else None
        return cls.of({"tip": snapshot, "changes": changes}, snapshot.pool_names)


class SampledIndices(Indices):
    """Indices with the ends of their 95 % sampling intervals."""

    hhi_sampling_lower: float = field("Lower end for `hhi_unbiased`")
    hhi_sampling_upper: float = field("Upper end for `hhi_unbiased`")
    nakamoto_sampling_lower: int = field("Lower end for `nakamoto`")
    nakamoto_sampling_upper: int = field("Upper end for `nakamoto`")


class ConcentrationSummary(Schema):
    """One level and window in a message: indices, intervals, and the largest entities."""

    level: str = field("What blocks are counted for")
    window: str = field("Name of the window")
    height: int = field("The newest block")
    time: Time = field("Its header time")
    blocks: int = field("Blocks in the window")
    complete: float = field("How much of the window is stored, 0 to 1")
    unknown: int = field("Blocks without an entity")
    headline_hhi: float | None = field("The HHI to show where one is shown; null without blocks")
    hhi_lower: float | None = field("Lower end of its published 95 % interval; null until it is estimated")
    hhi_upper: float | None = field("Upper end")
    nakamoto_lower: int | None = field(
        "Lower end of the published 95 % interval of the Nakamoto coefficient; null until it is estimated"
    )
    nakamoto_upper: int | None = field("Upper end")
    split: SampledIndices | Indices | None = field("Each unknown block counted as its own miner; null without blocks")
    merged: SampledIndices | Indices | None = field("All unknown blocks counted as one miner; null without blocks")
    largest: list[EntityShare] = field("The largest entities; then those that may have blocks, but have none counted")

    @classmethod
    def of_window(cls, one: model.Concentration, snapshot: Snapshot, *, largest: int) -> Self:
        """One level and window, with so many of its largest entities."""
        likely = for_window(one, snapshot.estimates.indices) if snapshot.estimates else None
        combined, shares = snapshot.combined(one), snapshot.shares(one)
        return cls.of(
            {
                **one._asdict(),
                "window": one.window.name,
                "height": snapshot.tip.height,
                "time": snapshot.tip.time,
                "headline_hhi": one.split and one.split.headline_hhi,
                "hhi_lower": combined and combined.hhi.lower,
                "hhi_upper": combined and combined.hhi.upper,
                "nakamoto_lower": combined and combined.nakamoto.lower,
                "nakamoto_upper": combined and combined.nakamoto.upper,
                "split": _sampled(one.split, likely.split if likely else None),
                "merged": _sampled(one.merged, likely.merged if likely else None),
                "largest": [*shares[: len(one.shares)][:largest], *shares[len(one.shares) :][:largest]],
            },
            snapshot.pool_names,
        )


def _sampled(indices: model.Indices | None, likely: model.IndexIntervals | None) -> Indices | None:
    if indices is None or likely is None:
        return indices and Indices.of(indices)
    bounds = {
        "hhi_sampling_lower": likely.hhi.lower,
        "hhi_sampling_upper": likely.hhi.upper,
        "nakamoto_sampling_lower": likely.nakamoto.lower,
        "nakamoto_sampling_upper": likely.nakamoto.upper,
    }
    return SampledIndices.of({**indices._asdict(), **bounds})
