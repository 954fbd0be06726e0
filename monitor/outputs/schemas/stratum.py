"""The stratum watch: what pools announce to their miners."""

from __future__ import annotations

from monitor.model import JobFault, JobPosition
from monitor.outputs.schemas.audit import Ratio
from monitor.outputs.schemas.base import Name, OptionalName, PreciseTime, Schema, Time, field


class StratumServer(Schema):
    """The connection to one server."""

    name: str = field("Host and port")
    pool: str = field("The pool, as configured")
    up: bool = field("Whether it sends jobs")
    reason: str | None = field("Why it does not; null while it does, and before the first attempt")
    since: Time = field("When it went up or down")
    reconnects_refused: int = field("How often it told us to connect to another address")


class PoolPace(Schema):
    """How quick a pool was over the blocks of the last 7 days that it was connected for."""

    rounds: int = field("Number of these blocks")
    lag_seconds: Ratio = field("Median time behind the first pool's job, with its 95 % interval", at="lag")
    first: int = field("How often it was the first")
    empty_first: Ratio = field("Share of the blocks on which its first job was empty though others had transactions")
    faults: int = field("Number of jobs of which nodes would refuse the block")


class StratumPool(Schema):
    """What a pool works on."""

    pool: str = field("The pool, as configured")
    name: Name = field("Its name", at="pool")
    up: bool = field("Whether one of its servers sends jobs")
    parent: str | None = field("Hash of the block that it works on top of; null before its first job")
    height: int | None = field("Height of that block; null if no node has it")
    position: JobPosition | None = field(
        "Where that block is: `tip`, `behind`, `branch`, or `unknown` if no node has it"
    )
    last_job_at: PreciseTime | None = field("When it last sent a job")
    branches: int = field("Merkle branches of its newest job: it has fewer than two to that power transactions")
    group: int | None = field("Pools with the same number have the same template at this moment; null: none other has")
    attributed: str | None = field("The pool that its coinbase names; null: unknown")
    attributed_name: OptionalName = field("Name of that pool", at="attributed")
    text: str = field("Printable text of its coinbase")
    payouts: int = field("Number of outputs of its coinbase with a value")
    value_sat: int | None = field("Subsidy and fees that it claims, in satoshi; null if its coinbase cannot be decoded")
    pace: PoolPace | None = field("How quick it was; null before it was compared with another pool")


class TemplateSimilarity(Schema):
    """Templates that two pools had in common."""

    pools: list[str] = field("The two pools")
    similarity: Ratio = field("Share of the templates of the pool that had fewer, on each block")
    jobs: int = field("Number of templates that both had")
    rounds: int = field("Blocks on which both had templates")


class SharedTemplates(TemplateSimilarity):
    """Evidence that two pools worked on the same templates."""

    since: Time = field("First block of the period")
    until: Time = field("Last block of the period")
    p: float = field("Probability of so much by chance, at most; adjusted for the number of pairs")


class FaultReport(Schema):
    """A faulty job, and who sent the same."""

    kind: JobFault = field("What is wrong: `bits`, `version`, `height`, `time` or `parent`")
    parent: str = field("Hash of the block that it is on top of")
    detail: str = field("The wrong value, and the right one where it is known")
    pools: list[str] = field("Pools that sent it, in order")
    at: Time = field("When the first did")


class Stratum(Schema):
    """The state of the stratum watch, and what it has found."""

    off: str | None = field("Why no server is watched; null while some are")
    pools: list[StratumPool] = field("What each pool works on, by name")
    similar: list[TemplateSimilarity] = field(
        "Pairs that had a template in common in the last 7 days, most similar first"
    )
    shared: list[SharedTemplates] = field("Evidence of shared templates, newest first")
    groups: list[list[str]] = field("Pools that work on the same templates by that evidence, until now")
    faults: list[FaultReport] = field("Faulty jobs, newest first")
    endpoints: list[StratumServer] = field("The servers, as configured")
