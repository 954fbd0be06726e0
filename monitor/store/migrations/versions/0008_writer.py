"""Which process writes the database."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table, empty, and give two indices of PostgreSQL the names of their tables."""
    op.create_table(
        "writer",
        sa.Column("epoch", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("holder", sa.String, nullable=False),
        sa.Column("session", sa.Integer, nullable=False),
        sa.Column("renewed_at", sa.Float, nullable=False),
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER INDEX facts_pkey RENAME TO metadata_pkey")
        op.execute("ALTER INDEX verdicts_pkey RENAME TO pending_attributions_pkey")
