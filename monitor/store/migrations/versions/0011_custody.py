"""Where rewards are spent, and what pools have in common."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables, empty."""
    op.create_table(
        "coinbase_spends",
        sa.Column("coinbase", sa.LargeBinary(32), nullable=False),
        sa.Column("output", sa.Integer, nullable=False),
        sa.Column("hash", sa.LargeBinary(32), nullable=False),
        sa.Column("height", sa.Integer, nullable=False, index=True),
        sa.Column("time", sa.BigInteger, nullable=False),
        sa.Column("txid", sa.LargeBinary(32), nullable=False),
        sa.Column("swept_to", sa.LargeBinary),
        sa.PrimaryKeyConstraint("coinbase", "output", "hash"),
    )
    op.create_table(
        "custody_scans",
        sa.Column("hash", sa.LargeBinary(32), primary_key=True),
        sa.Column("height", sa.Integer, nullable=False, index=True),
        sa.Column("known_from", sa.Integer, nullable=False),
    )
    op.create_table(
        "evidence",
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("pool", sa.String, nullable=False),
        sa.Column("other", sa.String, nullable=False),
        sa.Column("since", sa.BigInteger, nullable=False),
        sa.Column("until", sa.BigInteger, nullable=False),
        sa.Column("similarity", sa.Float, nullable=False),
        sa.Column("n", sa.Integer, nullable=False),
        sa.Column("p", sa.Float, nullable=False),
        sa.Column("text", sa.String, nullable=False),
        sa.PrimaryKeyConstraint("kind", "pool", "other", "since"),
    )
