"""Blocks compared with what the node would have mined."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables, empty."""
    op.create_table(
        "audits",
        sa.Column("hash", sa.LargeBinary(32), primary_key=True),
        sa.Column("height", sa.Integer, nullable=False, index=True),
        sa.Column("time", sa.BigInteger, nullable=False, index=True),
        sa.Column("arrived", sa.Float, nullable=False),
        sa.Column("template_age", sa.Float),
        sa.Column("marginal_rate", sa.Float, nullable=False),
        sa.Column("weight", sa.Integer, nullable=False),
        sa.Column("tx_count", sa.Integer, nullable=False),
        sa.Column("expected_weight", sa.Integer, nullable=False),
        sa.Column("missed_weight", sa.Integer, nullable=False),
        sa.Column("missed_count", sa.Integer, nullable=False),
        sa.Column("unseen_weight", sa.Integer, nullable=False),
        sa.Column("prioritised_weight", sa.Integer, nullable=False),
        sa.Column("fees", sa.BigInteger, nullable=False),
        sa.Column("foregone", sa.BigInteger, nullable=False),
        sa.Column("own_payouts", sa.Integer, nullable=False),
        sa.Column("traits", sa.JSON, nullable=False),
        sa.Column("weights", sa.JSON, nullable=False),
        sa.Column("counts", sa.JSON, nullable=False),
    )
    op.create_table(
        "audit_transactions",
        sa.Column("hash", sa.LargeBinary(32), nullable=False),
        sa.Column("txid", sa.LargeBinary(32), nullable=False),
        sa.Column("height", sa.Integer, nullable=False, index=True),
        sa.Column("place", sa.Integer, nullable=False),
        sa.Column("verdict", sa.String, nullable=False),
        sa.Column("reason", sa.String, nullable=False),
        sa.Column("weight", sa.Integer, nullable=False),
        sa.Column("fee", sa.BigInteger),
        sa.Column("fee_rate", sa.Float),
        sa.Column("first_seen", sa.Float),
        sa.Column("traits", sa.JSON, nullable=False),
        sa.Column("sanctioned", sa.Boolean, nullable=False),
        sa.Column("own_payout", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("hash", "txid"),
    )
    op.create_table(
        "sanctioned_sightings",
        sa.Column("txid", sa.LargeBinary(32), nullable=False),
        sa.Column("hash", sa.LargeBinary(32), nullable=False),
        sa.Column("height", sa.Integer, nullable=False, index=True),
        sa.Column("mined", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("txid", "hash"),
    )
