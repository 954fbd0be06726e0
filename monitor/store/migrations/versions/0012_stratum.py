"""What pools announced to their miners, block by block."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table, empty."""
    op.create_table(
        "stratum_rounds",
        sa.Column("parent", sa.LargeBinary(32), primary_key=True),
        sa.Column("height", sa.Integer, nullable=False),
        sa.Column("at", sa.Float, nullable=False, index=True),
        sa.Column("transactions", sa.Integer, nullable=False),
        sa.Column("pools", sa.JSON, nullable=False),
        sa.Column("shared", sa.JSON, nullable=False),
    )
