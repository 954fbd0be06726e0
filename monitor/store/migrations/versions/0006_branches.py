"""Blocks of every branch: stale ones without a coinbase, and which node had a block when."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add both tables, empty."""
    op.create_table(
        "stale_headers",
        sa.Column("hash", sa.LargeBinary(32), primary_key=True),
        sa.Column("height", sa.Integer, nullable=False, index=True),
        sa.Column("header", sa.LargeBinary),
        sa.Column("pool", sa.String),
        sa.Column("source", sa.String, nullable=False),
    )
    op.create_table(
        "sightings",
        sa.Column("hash", sa.LargeBinary(32), nullable=False),
        sa.Column("node", sa.String, nullable=False),
        sa.Column("height", sa.Integer, nullable=False, index=True),
        sa.Column("seen_at", sa.Float),
        sa.Column("lag_seconds", sa.Float),
        sa.Column("status", sa.String),
        sa.PrimaryKeyConstraint("hash", "node"),
    )
