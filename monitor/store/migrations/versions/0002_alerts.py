"""How alerts stand, what is to be told of them, and to whom it has been told."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables of the alerts."""
    op.create_table(
        "alerts",
        sa.Column("key", sa.String, primary_key=True),
        sa.Column("alert", sa.JSON, nullable=False),
    )
    op.create_table(
        "alert_changes",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("alert", sa.JSON, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "receivers",
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("done", sa.BigInteger, nullable=False),
    )
