"""The tables, as they are after the newest migration.

`blocks` holds every block whose coinbase we know, of every branch; `attributions` holds each distinct attribution once,
because a pool signs thousands of blocks alike. Hashes are 32 bytes in display order: `hex(hash)` is what people search
for.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Date,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    text,
)

tables = MetaData()

attributions = Table(
    "attributions",
    tables,
    Column("id", Integer, primary_key=True),
    Column("digest", LargeBinary(16), nullable=False, unique=True, comment="of the columns that follow"),
    Column("pool", String, comment="slug; NULL is unknown"),
    Column("method", String),
    Column("evidence", String, nullable=False),
    Column("conflict", Boolean, nullable=False),
    Column("candidates", JSON, nullable=False, comment="[pool, method, evidence] each, the deciding one first"),
    Column("registry", String, nullable=False, comment="content hash of the registry that was used"),
    Column("confidence", String, comment="NULL: unknown pool, or attributed by a version before 0005"),
)

blocks = Table(
    "blocks",
    tables,
    Column("id", Integer, primary_key=True),
    Column("hash", LargeBinary(32), nullable=False, unique=True),
    Column("height", Integer, nullable=False),
    Column("stale", Boolean, nullable=False, comment="not on the best chain, any more or ever"),
    Column("version", Integer, nullable=False),
    Column("parent", LargeBinary(32), nullable=False),
    Column("merkle_root", LargeBinary(32), nullable=False),
    Column("time", BigInteger, nullable=False),
    Column("bits", BigInteger, nullable=False),
    Column("nonce", BigInteger, nullable=False),
    Column("tx_count", Integer, nullable=False),
    Column("coinbase_script", LargeBinary, nullable=False),
    Column("coinbase_outputs", LargeBinary, nullable=False, comment="as serialised, with their count"),
    Column("coinbase_version", Integer, nullable=False),
    Column("coinbase_sequence", BigInteger, nullable=False),
    Column("coinbase_locktime", BigInteger, nullable=False),
    Column("coinbase_value", BigInteger, nullable=False, comment="sum of the outputs, satoshi"),
    Column("attribution", Integer, ForeignKey("attributions.id"), nullable=False, index=True),
    Column("miner", String, comment="inside the pool; written by the miner, sanitised"),
)

# One block per height on the best chain: the database itself refuses a history with a fork in it. SQLite uses this
# index only for queries with the same condition, and SQLAlchemy writes `stale = 0` for SQLite.
best_chain = Index(
    "best_chain", blocks.c.height, unique=True, sqlite_where=text("stale = 0"), postgresql_where=text("NOT stale")
)

# Stale blocks: few, and queried by height.
gone = Index("gone", blocks.c.height, sqlite_where=text("stale = 1"), postgresql_where=text("stale"))

# Covers the queries that count history, so that the large rows are not read.
counted = Index("counted", blocks.c.time, blocks.c.stale, blocks.c.attribution, blocks.c.height, blocks.c.miner)

# Blocks that a new registry attributes differently: written while history is re-attributed, so that it resumes after a
# crash, and moved to `blocks` in one transaction at the end.
pending_attributions = Table(
    "pending_attributions",
    tables,
    Column("block", Integer, ForeignKey("blocks.id"), primary_key=True),
    Column("attribution", Integer, ForeignKey("attributions.id"), nullable=False),
    Column("miner", String),
)

# Stale blocks of which we have no coinbase: from public lists, or from nodes that know only their header.
stale_headers = Table(
    "stale_headers",
    tables,
    Column("hash", LargeBinary(32), primary_key=True),
    Column("height", Integer, nullable=False, index=True),
    Column("header", LargeBinary, comment="as serialised; NULL where a list has only the hash"),
    Column("pool", String, comment="slug, as the list has it; NULL is unknown"),
    Column("source", String, nullable=False, comment="name of the node or list"),
)

# Which node had a block when, and what it says of the branch that ends there.
sightings = Table(
    "sightings",
    tables,
    Column("hash", LargeBinary(32), nullable=False),
    Column("node", String, nullable=False),
    Column("height", Integer, nullable=False, index=True),
    Column("seen_at", Float, comment="Unix time; NULL if the node had it before it was asked"),
    Column("lag_seconds", Float, comment="after the first node, by one monotonic clock; 0 is the first"),
    Column("status", String, comment="in the words of `getchaintips`"),
    PrimaryKeyConstraint("hash", "node"),
)

# What happened to the chain and the nodes, for the feed.
journal = Table(
    "journal",
    tables,
    Column("key", String, primary_key=True, comment="the same when the same is noted again"),
    Column("kind", String, nullable=False),
    Column("at", Float, nullable=False, index=True, comment="Unix time"),
    Column("title", String, nullable=False),
    Column("text", String, nullable=False),
    Column("path", String, nullable=False, comment="of the page that shows it"),
    Column("about", String, nullable=False, comment="common ancestor of a split; else empty"),
)

# What the sources of the AI economy say: the newest edition that has a period.
observations = Table(
    "observations",
    tables,
    Column("source", String, nullable=False),
    Column("layer", String, nullable=False),
    Column("period", Date, nullable=False, comment="its last day"),
    Column("entity", String, nullable=False, comment="as the source names it"),
    Column("weight", Float, nullable=False),
    Column("low", Float, comment="5th percentile; NULL if the source has none"),
    Column("high", Float, comment="95th percentile"),
    Column("vintage", String, nullable=False, comment="SHA-256 of the edition"),
    Column("fetched_at", Float, nullable=False, comment="Unix time"),
    PrimaryKeyConstraint("source", "layer", "period", "entity"),
)

# When each source was asked, and what its newest edition is.
observation_sources = Table(
    "observation_sources",
    tables,
    Column("source", String, primary_key=True),
    Column("vintage", String, nullable=False, comment="of the newest edition; empty before the first"),
    Column("fetched_at", Float, nullable=False, comment="Unix time"),
    Column("origin", String, nullable=False),
    Column("checked_at", Float, comment="last request, Unix time; NULL: never"),
    Column("succeeded_at", Float, comment="last request that succeeded"),
    Column("validators", JSON, nullable=False, comment="entity tag or date, by address"),
    Column("error", String, comment="of the last request; NULL if it succeeded"),
)

# Blocks compared with what the node would have mined. Kept for ever.
audits = Table(
    "audits",
    tables,
    Column("hash", LargeBinary(32), primary_key=True),
    Column("height", Integer, nullable=False, index=True),
    Column("time", BigInteger, nullable=False, index=True),
    Column("arrived", Float, nullable=False, comment="Unix time"),
    Column("template_age", Float, comment="seconds; NULL of an empty block"),
    Column("marginal_rate", Float, nullable=False, comment="satoshi per virtual byte"),
    Column("weight", Integer, nullable=False, comment="without the coinbase, as the next one"),
    Column("tx_count", Integer, nullable=False),
    Column("expected_weight", Integer, nullable=False),
    Column("missed_weight", Integer, nullable=False),
    Column("missed_count", Integer, nullable=False),
    Column("unseen_weight", Integer, nullable=False),
    Column("prioritised_weight", Integer, nullable=False),
    Column("fees", BigInteger, nullable=False, comment="satoshi, as far as they are known"),
    Column("foregone", BigInteger, nullable=False, comment="satoshi"),
    Column("own_payouts", Integer, nullable=False),
    Column("traits", JSON, nullable=False, comment="number of transactions by trait"),
    Column("weights", JSON, nullable=False, comment="by verdict"),
    Column("counts", JSON, nullable=False, comment="number of transactions by verdict"),
    Column("disorder", String, comment="where out of order; NULL where not known"),
)

# Transactions of audited blocks that are not simply in both. Kept for `audit.keep_days`.
audit_transactions = Table(
    "audit_transactions",
    tables,
    Column("hash", LargeBinary(32), nullable=False, comment="of the block"),
    Column("txid", LargeBinary(32), nullable=False),
    Column("height", Integer, nullable=False, index=True),
    Column("place", Integer, nullable=False, comment="the most important is 0"),
    Column("verdict", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("weight", Integer, nullable=False),
    Column("fee", BigInteger, comment="satoshi; NULL where it is not known, as the next one"),
    Column("fee_rate", Float, comment="of its chunk, satoshi per virtual byte"),
    Column("first_seen", Float, comment="Unix time; NULL if it never was"),
    Column("traits", JSON, nullable=False),
    Column("sanctioned", Boolean, nullable=False),
    Column("own_payout", Boolean, nullable=False),
    PrimaryKeyConstraint("hash", "txid"),
)

# Blocks that had a transaction of the user's list, or passed over it. Kept for ever.
sanctioned_sightings = Table(
    "sanctioned_sightings",
    tables,
    Column("txid", LargeBinary(32), nullable=False),
    Column("hash", LargeBinary(32), nullable=False, comment="of the block"),
    Column("height", Integer, nullable=False, index=True),
    Column("mined", Boolean, nullable=False, comment="in the block; else it passed over the transaction"),
    PrimaryKeyConstraint("txid", "hash"),
)

# Where rewards are spent: outputs of stored coinbases as inputs of later blocks. Kept for ever.
coinbase_spends = Table(
    "coinbase_spends",
    tables,
    Column("coinbase", LargeBinary(32), nullable=False, comment="hash of the block that paid the output"),
    Column("output", Integer, nullable=False, comment="its place in the coinbase"),
    Column("hash", LargeBinary(32), nullable=False, comment="of the block that spends it"),
    Column("height", Integer, nullable=False, index=True, comment="of that block"),
    Column("time", BigInteger, nullable=False, comment="of that block"),
    Column("txid", LargeBinary(32), nullable=False, comment="of the transaction that spends it"),
    Column("swept_to", LargeBinary, comment="the script that gets most of that transaction; NULL if none does"),
    PrimaryKeyConstraint("coinbase", "output", "hash"),
)

# Blocks that were searched for such spends.
custody_scans = Table(
    "custody_scans",
    tables,
    Column("hash", LargeBinary(32), primary_key=True),
    Column("height", Integer, nullable=False, index=True),
    Column("known_from", Integer, nullable=False, comment="height of the lowest coinbase that was searched for"),
)

# What pools have in common, newest finding of each kind. Replaced kind by kind.
evidence = Table(
    "evidence",
    tables,
    Column("kind", String, nullable=False),
    Column("pool", String, nullable=False, comment="slug; the first of both in the alphabet"),
    Column("other", String, nullable=False),
    Column("since", BigInteger, nullable=False, comment="seen first, Unix time"),
    Column("until", BigInteger, nullable=False, comment="seen last, Unix time"),
    Column("similarity", Float, nullable=False),
    Column("n", Integer, nullable=False),
    Column("p", Float, nullable=False),
    Column("text", String, nullable=False),
    PrimaryKeyConstraint("kind", "pool", "other", "since"),
)

# What pools announced to their miners while a block was the newest. Kept for `stratum.keep_days`.
stratum_rounds = Table(
    "stratum_rounds",
    tables,
    Column("parent", LargeBinary(32), primary_key=True, comment="the block that they worked on top of"),
    Column("height", Integer, nullable=False, comment="of the parent"),
    Column("at", Float, nullable=False, index=True, comment="first job, Unix time"),
    Column("transactions", Integer, nullable=False, comment="of the next block, without its coinbase; 0 if not known"),
    Column("pools", JSON, nullable=False, comment="[jobs, templates, lag, empty first, faults] by pool"),
    Column("shared", JSON, nullable=False, comment="[pool, pool, templates of both] each"),
)

# What is known of the database as a whole: network, genesis, wanted height, why history ends.
metadata = Table(
    "metadata",
    tables,
    Column("name", String, primary_key=True),
    Column("value", String, nullable=False),
)

# The process that writes a database which several have open: one row, or none before the first. See `engines`.
writer = Table(
    "writer",
    tables,
    Column("epoch", BigInteger, primary_key=True, autoincrement=False, comment="one higher for each new writer"),
    Column("holder", String, nullable=False, comment="host and process"),
    Column("session", Integer, nullable=False, comment="process of the server that serves the holder"),
    Column("renewed_at", Float, nullable=False, comment="Unix time, by the clock of the server"),
)

# Alerts that are pending, firing or recently resolved. An alert without a row is inactive.
alerts = Table(
    "alerts",
    tables,
    Column("key", String, primary_key=True, comment="rule and labels"),
    Column("alert", JSON, nullable=False),
)

# Queue of alert changes for the receivers. A number is never reused.
alert_changes = Table(
    "alert_changes",
    tables,
    Column("number", Integer, primary_key=True),
    Column("alert", JSON, nullable=False, comment="as it was after the change"),
    sqlite_autoincrement=True,
)

receivers = Table(
    "receivers",
    tables,
    Column("name", String, primary_key=True),
    Column("done", BigInteger, nullable=False, comment="highest acknowledged number"),
)
