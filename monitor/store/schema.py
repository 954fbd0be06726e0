"""The tables, as they are after the newest migration.

`blocks` holds every block that was ever on the best chain; `attributions` holds each distinct judgement once, because
a pool signs thousands of blocks alike. Hashes are 32 bytes in display order, so that `hex(hash)` is what people search.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    text,
)

metadata = MetaData()

attributions = Table(
    "attributions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("digest", LargeBinary(16), nullable=False, unique=True, comment="of all that follows"),
    Column("pool", String, comment="slug; NULL is unknown"),
    Column("method", String),
    Column("evidence", String, nullable=False),
    Column("conflict", Boolean, nullable=False),
    Column("candidates", JSON, nullable=False, comment="[pool, method, evidence] each, the deciding one first"),
    Column("registry", String, nullable=False, comment="content hash of the registry that judged"),
)

blocks = Table(
    "blocks",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("hash", LargeBinary(32), nullable=False, unique=True),
    Column("height", Integer, nullable=False),
    Column("stale", Boolean, nullable=False, comment="was on the best chain once, and is not now"),
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
    Column("miner", String, comment="inside the pool; the miner's own words, sanitised"),
)

# One block a height on the best chain: the database itself refuses a history with a fork in it. SQLite asks this index
# only where a question has the very same words, and SQLAlchemy says for SQLite `stale = 0`.
best_chain = Index(
    "best_chain", blocks.c.height, unique=True, sqlite_where=text("stale = 0"), postgresql_where=text("NOT stale")
)

# The others: few, and asked for by height beside those of the best chain.
gone = Index("gone", blocks.c.height, sqlite_where=text("stale = 1"), postgresql_where=text("stale"))

# What history is counted from, so that none of the large rows is read for it.
counted = Index("counted", blocks.c.time, blocks.c.stale, blocks.c.attribution, blocks.c.height, blocks.c.miner)

# Blocks that another registry judges otherwise, while history is being judged anew: written as it goes, so that it can
# go on after a crash, and moved to `blocks` in one transaction at the end.
verdicts = Table(
    "verdicts",
    metadata,
    Column("block", Integer, ForeignKey("blocks.id"), primary_key=True),
    Column("attribution", Integer, ForeignKey("attributions.id"), nullable=False),
    Column("miner", String),
)

facts = Table(
    "facts",
    metadata,
    Column("name", String, primary_key=True),
    Column("value", String, nullable=False),
)

# How each alert stands. Few rows, written together: what is not among them is quiet.
alerts = Table(
    "alerts",
    metadata,
    Column("key", String, primary_key=True, comment="its rule, and what it is about"),
    Column("alert", JSON, nullable=False),
)

# What the receivers of alerts are still to be told. A number is never given twice.
alert_changes = Table(
    "alert_changes",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("alert", JSON, nullable=False, comment="as it was after the change"),
    sqlite_autoincrement=True,
)

receivers = Table(
    "receivers",
    metadata,
    Column("name", String, primary_key=True),
    Column("done", BigInteger, nullable=False, comment="the highest number that it has acknowledged"),
)
