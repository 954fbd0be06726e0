"""The metrics of the stratum watch: names, help texts, labels, and where its state has each number."""

from __future__ import annotations

from typing import Final, TypeAlias

from monitor.model import JobPosition, StratumView
from monitor.outputs.samples import PublishedOf, Rows, SourceOf

_PAIRS: Final = 50
"""Most similar pairs that are published."""

StratumMetric: TypeAlias = PublishedOf[StratumView]


def _behind(view: StratumView) -> Rows:
    for each in view.pools:
        if each.position is not None and each.position is not JobPosition.UNKNOWN:
            yield (each.pool,), each.position is JobPosition.TIP


_on = SourceOf[StratumView]((), lambda view: [((), view.off is None)])
_servers = SourceOf[StratumView](
    ("pool", "endpoint"), lambda view: (((each.pool, each.name), each.up) for each in view.endpoints)
)
_pools = SourceOf[StratumView](("pool",), lambda view: (((each.pool,), each) for each in view.pools))
_positions = SourceOf[StratumView](("pool",), _behind)
_pairs = SourceOf[StratumView](("pool", "other"), lambda view: ((each.pools, each) for each in view.similar[:_PAIRS]))
_shared = SourceOf[StratumView](
    (), lambda view: [((), sum(map(len, view.groups)))] if view.off is None else []
)  # fmt: skip

STRATUM_CATALOGUE: Final = (
    StratumMetric("stratum_up", "Whether pools' stratum servers are watched (1); /stratum has the reason if not.", _on),
    StratumMetric("stratum_connected", "Whether a stratum server sends jobs.", _servers),
    StratumMetric("stratum_job_timestamp_seconds", "When a pool last sent a job, Unix time.", _pools, "last_job_at"),
    StratumMetric(
        "stratum_on_tip",
        "Whether a pool works on the newest counted block (1), or on another block that a node has (0).", _positions,
    ),
    StratumMetric(
        "stratum_job_lag_seconds", "Median time from the first pool's job on a new block to this pool's, over 7 days.",
        _pools, "pace.lag.value",
    ),
    StratumMetric(
        "stratum_job_lag_lower_seconds", "Lower end of the 95 % interval of this median.", _pools, "pace.lag.lower"
    ),
    StratumMetric(
        "stratum_job_lag_upper_seconds", "Upper end of the 95 % interval of this median.", _pools, "pace.lag.upper"
    ),
    StratumMetric(
        "stratum_empty_first_job_ratio",
        "Share of the new blocks on which a pool's first job had no transactions, over 7 days.", _pools,
        "pace.empty_first.value",
    ),
    StratumMetric(
        "stratum_faulty_jobs", "Jobs of 7 days of which nodes would refuse the block.", _pools, "pace.faults"
    ),
    StratumMetric(
        "stratum_template_similarity_ratio",
        "Share of the templates that two pools both had, of those that both could have, over 7 days; of the 50 most "
        "similar pairs.", _pairs, "similarity.value",
    ),
    StratumMetric(
        "stratum_template_similarity_lower_ratio", "Lower end of the 95 % interval of this share.", _pairs,
        "similarity.lower",
    ),
    StratumMetric(
        "stratum_template_similarity_upper_ratio", "Upper end of the 95 % interval of this share.", _pairs,
        "similarity.upper",
    ),
    StratumMetric("stratum_grouped_pools", "Pools that share their templates with another, by evidence.", _shared),
)  # fmt: skip
