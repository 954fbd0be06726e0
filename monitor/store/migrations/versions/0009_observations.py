"""What the sources of the AI economy say."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables, empty."""
    op.create_table(
        "observations",
        sa.Column("source", sa.String, nullable=False),
        sa.Column("layer", sa.String, nullable=False),
        sa.Column("period", sa.Date, nullable=False),
        sa.Column("entity", sa.String, nullable=False),
        sa.Column("weight", sa.Float, nullable=False),
        sa.Column("low", sa.Float),
        sa.Column("high", sa.Float),
        sa.Column("vintage", sa.String, nullable=False),
        sa.Column("fetched_at", sa.Float, nullable=False),
        sa.PrimaryKeyConstraint("source", "layer", "period", "entity"),
    )
    op.create_table(
        "observation_sources",
        sa.Column("source", sa.String, primary_key=True),
        sa.Column("vintage", sa.String, nullable=False),
        sa.Column("fetched_at", sa.Float, nullable=False),
        sa.Column("origin", sa.String, nullable=False),
        sa.Column("checked_at", sa.Float),
        sa.Column("succeeded_at", sa.Float),
        sa.Column("validators", sa.JSON, nullable=False),
        sa.Column("error", sa.String),
    )
