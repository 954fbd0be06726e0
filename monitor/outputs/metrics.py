"""THE catalogue of the metrics about mining: names, help texts, labels, and where a snapshot has each number.

Nothing is computed or asked of a node inside a scrape. The daemon's own instruments are in `vitals`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from monitor.model import SOON_SECONDS
from monitor.outputs import samples as s
from monitor.outputs.samples import Published

FAMILIES: Mapping[str, frozenset[str]] = {
    "thresholds": frozenset({"share_above_probability"}),
    "now": frozenset({"share_now_ratio", "share_now_lower_ratio", "share_now_upper_ratio"}),
    "risks": frozenset({"confirmation_risk_ratio", "confirmation_risk_lower_ratio", "confirmation_risk_upper_ratio"}),
    "top_shares": frozenset({"top_share_ratio"}),
    "signals": frozenset({
        "streak_blocks", "streak_probability", "empty_blocks", "empty_blocks_timed", "empty_blocks_soon",
        "signalling_blocks",
    }),
    "luck": frozenset({
        "luck_ratio", "luck_zscore", "fees_btc", "stale_rate_ratio", "stale_rate_lower_ratio",
        "stale_rate_upper_ratio", "stale_rate_expected_ratio",
    }),
    "rewards": frozenset({"reward_per_work_ratio", "reward_per_work_lower_ratio", "reward_per_work_upper_ratio"}),
    "hashrates": frozenset({"hashrate_hashes_per_second"}),
    "inequality": frozenset({"gini_ratio", "theil_index", "shannon_entropy"}),
    "sampling": frozenset({
        "share_sampling_lower_ratio", "share_sampling_upper_ratio", "hhi_sampling_lower", "hhi_sampling_upper",
    }),
    "envelopes": frozenset({
        "hhi_envelope_lower", "hhi_envelope_upper", "nakamoto_coefficient_envelope_lower",
        "nakamoto_coefficient_envelope_upper", "share_envelope_lower_ratio", "share_envelope_upper_ratio",
    }),
}  # fmt: skip
"""Metrics that can be left out, by the name of their family (`metrics.families`); all others are always there."""


_UNKNOWN = 'Unknown blocks count as "split", each its own miner, or "merged", all of them one.'
_ALLOWED = "that uncertain memberships allow"
_LOWER, _UPPER = "Lower end of the 95 % interval of", "Upper end of the 95 % interval of"
_COMBINED = "Of sampling, memberships, unknown blocks and attributions of low confidence together."
_SAMPLING = "Of sampling alone, which is a part of the published interval."

CATALOGUE = (
    Published("block_height", "Height of the newest block.", s.whole, "tip.height"),
    Published("block_timestamp_seconds", "Header time of the newest block, Unix time.", s.whole, "tip.time"),
    Published("difficulty", "Difficulty of the newest block.", s.difficulty),
    Published(
        "network_hashrate_hashes_per_second", "Work of a window's blocks over the time they took.", s.network_rate,
        "value",
    ),
    Published("network_hashrate_lower_hashes_per_second", f"{_LOWER} the network's hashrate.", s.network_rate, "lower"),
    Published("network_hashrate_upper_hashes_per_second", f"{_UPPER} the network's hashrate.", s.network_rate, "upper"),
    Published(
        "blocks_connected",
        "Blocks that joined the best chain since the start, by pool and by how it was identified.",
        s.connected, is_counter=True,
    ),
    Published("reorgs", "Reorganisations since the start.", s.whole, "tally.reorgs", is_counter=True),
    Published(
        "reorg_depth_blocks", "Blocks that the last reorganisation took off the best chain.", s.whole,
        "tally.last_reorg_depth",
    ),
    Published(
        "stale_blocks", "Blocks that left the best chain since the start, by pool.", s.stale, is_counter=True
    ),
    Published(
        "attribution_conflicts", "Blocks since the start with candidates of several pools, by the pool they count for.",
        s.conflicts, is_counter=True,
    ),
    Published("window_blocks", "Blocks in a window.", s.windows, "blocks"),
    Published(
        "window_complete_ratio",
        "How much of a window is stored, 0 to 1. Below 1, its numbers are those of a shorter window.",
        s.windows,
        "complete",
    ),
    Published("window_attributed_ratio", "Share of a window's blocks with a known pool.", s.attributed),
    Published(
        "attribution_confidence_ratio",
        "Share of a window's blocks with an attribution of this confidence: what a forgery would have cost, from most "
        "of the reward (high) to nothing (low). Unknown blocks have none.", s.confidences,
    ),
    Published(
        "share_ratio", "Share of a window's blocks; 0 for an entity that may have blocks, but has none counted.",
        s.shares, "share",
    ),
    Published("share_lower_ratio", f"{_LOWER} the share of hashrate. {_COMBINED}", s.intervals, "lower"),
    Published("share_upper_ratio", f"{_UPPER} the share of hashrate. {_COMBINED}", s.intervals, "upper"),
    Published(
        "share_sampling_lower_ratio", f"{_LOWER} the share of hashrate. {_SAMPLING}", s.sampling, "lower"
    ),
    Published(
        "share_sampling_upper_ratio", f"{_UPPER} the share of hashrate. {_SAMPLING}", s.sampling, "upper"
    ),
    Published(
        "share_now_ratio",
        "The share of the hashrate now: an estimate for the coming fortnight, in which older blocks count less.",
        s.current, "share",
    ),
    Published("share_now_lower_ratio", f"{_LOWER} the share now. {_COMBINED}", s.current, "lower"),
    Published("share_now_upper_ratio", f"{_UPPER} the share now. {_COMBINED}", s.current, "upper"),
    Published(
        "confirmation_risk_ratio",
        "Probability that the largest entity of a level, if it tried, would reverse a payment with so many "
        "confirmations, averaged over luck and drift of its share now as counted.", s.risks,
    ),
    Published(
        "confirmation_risk_lower_ratio",
        f"The same at the lower end of the level's largest share now, whichever entity has it. {_COMBINED}",
        s.risk_ranges, "lower",
    ),
    Published("confirmation_risk_upper_ratio", "The same at the upper end.", s.risk_ranges, "upper"),
    Published(
        "hashrate_hashes_per_second", "The network's hashrate, in proportion to the work of the entity's blocks.",
        s.shares, "hashrate.value",
    ),
    Published(
        "share_above_probability",
        "Probability, by sampling alone, that the share of hashrate exceeds a threshold, of entities with more than "
        "5 % of the blocks; left out below a millionth.",
        s.above,
    ),
    Published("hhi", f"Herfindahl-Hirschman index, 0 to 10,000. {_UNKNOWN}", s.indices, "hhi"),
    Published(
        "hhi_unbiased", f"The same, corrected for the size of the sample. {_UNKNOWN}", s.indices, "hhi_unbiased"
    ),
    Published(
        "nakamoto_coefficient", f"The fewest entities that together have more than half of the blocks. {_UNKNOWN}",
        s.indices, "nakamoto",
    ),
    Published("gini_ratio", f"Gini coefficient, 0 when all are equal. {_UNKNOWN}", s.indices, "gini"),
    Published("shannon_entropy", f"Shannon entropy of the shares, in bits. {_UNKNOWN}", s.indices, "entropy_bits"),
    Published(
        "effective_entities", f"How many equal entities would have this HHI. {_UNKNOWN}", s.indices,
        "effective_entities",
    ),
    Published("theil_index", f"Theil's T in nats, 0 when all are equal. {_UNKNOWN}", s.indices, "theil"),
    Published("top_share_ratio", f"Share of the n largest together. {_UNKNOWN}", s.top_shares),
    Published(
        "estimates_block_height", "Height of the block that the estimates are of: intervals, trends, ranges.",
        s.whole, "estimates.tip.height",
    ),
    Published("hhi_lower", f"{_LOWER} the unbiased HHI. {_COMBINED}", s.combined, "hhi.lower"),
    Published("hhi_upper", f"{_UPPER} the unbiased HHI. {_COMBINED}", s.combined, "hhi.upper"),
    Published(
        "hhi_sampling_lower", f"{_LOWER} the unbiased HHI. {_SAMPLING} {_UNKNOWN}", s.index_intervals, "hhi.lower"
    ),
    Published(
        "hhi_sampling_upper", f"{_UPPER} the unbiased HHI. {_SAMPLING} {_UNKNOWN}", s.index_intervals, "hhi.upper"
    ),
    Published(
        "nakamoto_coefficient_lower", f"{_LOWER} the Nakamoto coefficient. {_COMBINED}", s.combined, "nakamoto.lower"
    ),
    Published(
        "nakamoto_coefficient_upper", f"{_UPPER} the Nakamoto coefficient. {_COMBINED}", s.combined, "nakamoto.upper"
    ),
    Published(
        "effective_entities_slope_per_year", "Slope of the effective entities over a window, per year.", s.trends,
        "slope",
    ),
    Published(
        "effective_entities_slope_lower_per_year", f"{_LOWER} this slope: sampling and the usual drift of shares.",
        s.trends, "lower",
    ),
    Published(
        "effective_entities_slope_upper_per_year", f"{_UPPER} this slope: sampling and the usual drift of shares.",
        s.trends, "upper",
    ),
    Published(
        "concentration_rising_probability",
        "Probability that the slope of the effective entities is below zero, beyond the usual drift of shares.",
        s.trends, "rising",
    ),
    Published(
        "share_change_timestamp_seconds", "Header time of the last significant change of the pool's share.", s.changes,
        "time",
    ),
    Published(
        "share_change_before_ratio", "The pool's share of the blocks in the 30 days before it last changed.",
        s.changes, "before.share",
    ),
    Published(
        "share_change_after_ratio",
        "The pool's share of the blocks in the 30 days after it last changed; until they are over, an estimate of what "
        "will last.", s.changes, "after.share",
    ),
    Published(
        "share_change_lower_ratio", f"{_LOWER} the size of this change, after less before; negative for a loss.",
        s.changes, "size.lower",
    ),
    Published(
        "share_change_upper_ratio", f"{_UPPER} the size of this change, after less before; negative for a loss.",
        s.changes, "size.upper",
    ),
    Published(
        "share_change_labelling",
        "Whether unknown blocks mirror at least half of this change (1): then labels changed, not the hashrate.",
        s.changes, "labelling",
    ),
    Published(
        "other_template_ratio",
        "Share of blocks that count for another entity by template than by pool: for a group that shares templates, or "
        "for a miner with templates of their own.", s.differences, "ratio",
    ),
    Published("template_hhi_difference", f"HHI by template less HHI by pool. {_UNKNOWN}", s.difference("hhi")),
    Published(
        "template_nakamoto_difference", f"Nakamoto coefficient by template less that by pool. {_UNKNOWN}",
        s.difference("nakamoto"),
    ),
    Published("hhi_envelope_lower", f"Smallest HHI {_ALLOWED}. {_UNKNOWN}", s.envelope("hhi"), "lower"),
    Published("hhi_envelope_upper", f"Largest HHI {_ALLOWED}. {_UNKNOWN}", s.envelope("hhi"), "upper"),
    Published(
        "nakamoto_coefficient_envelope_lower", f"Smallest Nakamoto coefficient {_ALLOWED}. {_UNKNOWN}",
        s.envelope("nakamoto"), "lower",
    ),
    Published(
        "nakamoto_coefficient_envelope_upper", f"Largest Nakamoto coefficient {_ALLOWED}. {_UNKNOWN}",
        s.envelope("nakamoto"), "upper",
    ),
    Published("share_envelope_lower_ratio", f"Smallest share of the blocks {_ALLOWED}.", s.share_envelopes, "lower"),
    Published("share_envelope_upper_ratio", f"Largest share of the blocks {_ALLOWED}.", s.share_envelopes, "upper"),
    Published("streak_blocks", "Newest blocks that the pool found in a row.", s.streaks, "blocks"),
    Published(
        "streak_probability", "Probability of such a streak or a longer one by chance, given the pool's share.",
        s.streaks, "probability",
    ),
    Published(
        "luck_ratio",
        "Blocks found, over those that the pool's share of the longest window predicts. A pool that has grown appears "
        "lucky.", s.by_pool("luck"), "ratio",
    ),
    Published(
        "luck_zscore",
        "The same in standard deviations of luck and of the pool's usual drift together: beyond 3 either way, the pool "
        "has changed more than it usually does.", s.by_pool("luck"), "zscore",
    ),
    Published(
        "reward_per_work_ratio",
        "Reward of the pool for a unit of work, with fees, empty and stale blocks; 1 is the network's mean.",
        s.advantages, "ratio",
    ),
    Published("reward_per_work_lower_ratio", f"{_LOWER} the reward for a unit of work.", s.advantages, "lower"),
    Published("reward_per_work_upper_ratio", f"{_UPPER} the reward for a unit of work.", s.advantages, "upper"),
    Published(
        "stale_rate_ratio",
        "Known stale blocks over all blocks found, of pools with a known one, or large enough to expect one.",
        s.stale_rates, "rate",
    ),
    Published("stale_rate_lower_ratio", f"{_LOWER} the stale rate.", s.stale_rates, "lower"),
    Published("stale_rate_upper_ratio", f"{_UPPER} the stale rate.", s.stale_rates, "upper"),
    Published(
        "stale_rate_expected_ratio", "Stale rate of a pool of this size if all blocks travel equally fast.",
        s.stale_rates, "expected",
    ),
    Published("empty_blocks", "Blocks without a transaction but the coinbase.", s.by_pool("empty"), "empty"),
    Published(
        "empty_blocks_timed",
        "Empty blocks that nodes saw arrive after they saw the parent arrive. Absent while there is none.",
        s.timed_empty, "timed",
    ),
    Published(
        "empty_blocks_soon",
        f"Those of them that were seen within {SOON_SECONDS} seconds of the parent: probably mined before there was a "
        "template.", s.timed_empty, "soon",
    ),
    Published("fees_btc", "What blocks claimed above the subsidy, in bitcoin.", s.fees),
    Published(
        "block_interval_seconds", "Mean time between the header times of a window's blocks and their parents'.",
        s.spacing, "mean",
    ),
    Published("signalling_ratio", "Share of blocks that signal with a version bit.", s.signalling),
    Published("signalling_blocks", "Blocks that signal with a version bit, by pool.", s.signalling_pools),
    Published(
        "signalling_threshold_probability",
        "Probability that a version bit reaches a threshold in this retarget period, at the rate of the last period's "
        "worth of blocks.", s.forecasts, "probability",
    ),
    Published("bip54_ready_ratio", "Share of blocks with a coinbase that BIP54 would accept.", s.bip54),
    Published(
        "selfish_mining_p_value",
        "Probability that the pool's blocks follow each other as often by chance, adjusted for the number of pools.",
        s.selfish, "adjusted",
    ),
)  # fmt: skip


def of_families(families: Collection[str]) -> list[Published]:
    """The catalogue without the families of `FAMILIES` that are not among these."""
    left_out = {name for family, names in FAMILIES.items() if family not in families for name in names}
    return [each for each in CATALOGUE if each.name not in left_out]
