"""The state of a stratum watch that has gone on for a while."""

from __future__ import annotations

from monitor.analysis.job_lags import paces
from monitor.analysis.shared_templates import groups, shared_templates, similarities
from monitor.model import (
    BlockHash,
    EndpointState,
    FaultReport,
    JobFault,
    JobPosition,
    PoolSlug,
    PoolWork,
    StratumView,
)
from support.pools import rounds_of

TIP, OTHER = BlockHash("00" * 20 + "ab" * 12), BlockHash("00" * 20 + "cd" * 12)
NODES = {
    "antpool": "a", "binancepool": "a", "braiinspool": "a", "f2pool": "f", "foundryusa": "u", "luxor": "l",
    "ocean": "o", "poolin": "a", "sbicrypto": "s", "secpool": "l", "spiderpool": "i", "viabtc": "v",
}  # fmt: skip
"""The node of each pool."""


def view_of(now: float, *, names: tuple[str, ...] = tuple(NODES)) -> StratumView:
    """Two groups of pools, one pool on another branch, one on a block that nobody has, and one that is away."""
    rounds = rounds_of(lambda _: {name: NODES.get(name, name) for name in names}, 200)
    shift = now - rounds[-1].at
    shared = [each._replace(since=each.since + shift, until=each.until + shift) for each in shared_templates(rounds)]
    known = paces(rounds)
    letters = {"a": 1, "l": 2}
    pools = []
    for name in names:
        odd = {"viabtc": JobPosition.BRANCH, "sbicrypto": JobPosition.UNKNOWN, "ocean": JobPosition.BEHIND}
        at = odd.get(name, JobPosition.TIP)
        pools.append(
            PoolWork(
                name, up=name != "spiderpool", parent=TIP if at is JobPosition.TIP else OTHER,
                height=None if at is JobPosition.UNKNOWN else 930_340, position=at, last_job_at=now - 20,
                branches=0 if name == "ocean" else 12, group=letters.get(NODES.get(name, "")),
                attributed=PoolSlug("antpool" if name == "poolin" else name), text=f"/{name}/", payouts=1,
                value_sat=315_388_804, pace=known.get(name),
            )
        )  # fmt: skip
    return StratumView(
        None, now,
        endpoints=tuple(
            EndpointState(
                f"stratum.{name}.example:3333", name, up=name != "spiderpool",
                reason="cannot be reached (Connection refused)" if name == "spiderpool" else None, since=now - 9000,
            )
            for name in names
        ),
        pools=tuple(pools), similar=tuple(similarities(rounds)), shared=tuple(shared), groups=tuple(groups(shared, 0)),
        faults=(
            FaultReport(JobFault.BITS, TIP, "bits 1d00ffff, not 1702f128", ("luxor", "secpool"), now - 600),
            FaultReport(JobFault.PARENT, OTHER, "no node has it", ("sbicrypto",), now - 900),
        ),
    )  # fmt: skip
