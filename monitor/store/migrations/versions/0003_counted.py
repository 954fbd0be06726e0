"""Indices that are used: one that history is counted from, and the best chain's in the words of the questions."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Replace the index by time by one that begins like it, and say the condition of the other as questions do."""
    op.create_index("counted", "blocks", ["time", "stale", "attribution", "height", "miner"])
    op.drop_index("ix_blocks_time", "blocks")
    op.drop_index("best_chain", "blocks")
    op.create_index(
        "best_chain", "blocks", ["height"], unique=True,
        sqlite_where=sa.text("stale = 0"), postgresql_where=sa.text("NOT stale"),
    )  # fmt: skip
    op.create_index("gone", "blocks", ["height"], sqlite_where=sa.text("stale = 1"), postgresql_where=sa.text("stale"))
