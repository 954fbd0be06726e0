"""Blocks, each distinct attribution, and facts about the database itself."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the first tables."""
    op.create_table(
        "attributions",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("digest", sa.LargeBinary(16), nullable=False, unique=True),
        sa.Column("pool", sa.String),
        sa.Column("method", sa.String),
        sa.Column("evidence", sa.String, nullable=False),
        sa.Column("conflict", sa.Boolean, nullable=False),
        sa.Column("candidates", sa.JSON, nullable=False),
        sa.Column("registry", sa.String, nullable=False),
    )
    op.create_table(
        "blocks",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("hash", sa.LargeBinary(32), nullable=False, unique=True),
        sa.Column("height", sa.Integer, nullable=False),
        sa.Column("stale", sa.Boolean, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("parent", sa.LargeBinary(32), nullable=False),
        sa.Column("merkle_root", sa.LargeBinary(32), nullable=False),
        sa.Column("time", sa.BigInteger, nullable=False, index=True),
        sa.Column("bits", sa.BigInteger, nullable=False),
        sa.Column("nonce", sa.BigInteger, nullable=False),
        sa.Column("tx_count", sa.Integer, nullable=False),
        sa.Column("coinbase_script", sa.LargeBinary, nullable=False),
        sa.Column("coinbase_outputs", sa.LargeBinary, nullable=False),
        sa.Column("coinbase_version", sa.Integer, nullable=False),
        sa.Column("coinbase_sequence", sa.BigInteger, nullable=False),
        sa.Column("coinbase_locktime", sa.BigInteger, nullable=False),
        sa.Column("coinbase_value", sa.BigInteger, nullable=False),
        sa.Column("attribution", sa.Integer, sa.ForeignKey("attributions.id"), nullable=False, index=True),
        sa.Column("miner", sa.String),
    )
    op.create_index(
        "best_chain", "blocks", ["height"], unique=True,
        sqlite_where=sa.text("NOT stale"), postgresql_where=sa.text("NOT stale"),
    )  # fmt: skip
    op.create_table(
        "verdicts",
        sa.Column("block", sa.Integer, sa.ForeignKey("blocks.id"), primary_key=True),
        sa.Column("attribution", sa.Integer, sa.ForeignKey("attributions.id"), nullable=False),
        sa.Column("miner", sa.String),
    )
    op.create_table(
        "facts",
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("value", sa.String, nullable=False),
    )
