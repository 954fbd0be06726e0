"""What pools announce as an example, for the documentation of the API."""

from __future__ import annotations

from monitor.model import (
    BlockRef,
    EndpointState,
    FaultReport,
    JobFault,
    JobPosition,
    PoolPace,
    PoolSlug,
    PoolWork,
    Ratio,
    SharedTemplates,
    StratumView,
    TemplateSimilarity,
)


def view(tip: BlockRef, now: float) -> StratumView:
    """Two pools that share their templates."""
    pair, similarity = ("antpool", "poolin"), Ratio(0.994, 0.981, 0.999)
    return StratumView(
        None,
        now,
        endpoints=(
            EndpointState("ss.antpool.com:3333", "antpool", up=True, reason=None, since=now - 86_400),
            EndpointState("btc.ss.poolin.com:443", "poolin", up=True, reason=None, since=now - 86_400),
        ),
        pools=tuple(
            PoolWork(
                pool, up=True, parent=tip.hash, height=tip.height, position=JobPosition.TIP, last_job_at=now - 12.25,
                branches=12, group=1, attributed=PoolSlug(pool), text=text, payouts=2, value_sat=315_388_804,
                pace=PoolPace(1008, Ratio(lag, lag - 0.02, lag + 0.03), first, Ratio(0.12, 0.1, 0.14), faults=0),
            )
            for pool, text, lag, first in (
                ("antpool", "Mined by AntPool806", 0.31, 120), ("poolin", "/poolin.com/fp/5", 0.42, 60)
            )
        ),
        similar=(TemplateSimilarity(pair, similarity, 19_912, rounds=1008),),
        shared=(SharedTemplates(pair, now - 604_800, now - 600, 19_912, 1008, similarity, 2.1e-240),),
        groups=(pair,),
        faults=(FaultReport(JobFault.BITS, tip.hash, "bits 1d00ffff, not 1702f128", ("poolin",), now - 7200),),
    )  # fmt: skip
