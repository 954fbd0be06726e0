"""An index that the history is counted from, in place of the one by time alone."""

from alembic import op

revision = "0003"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Replace the index by one that begins like it."""
    op.create_index("counted", "blocks", ["time", "stale", "attribution", "height", "miner"])
    op.drop_index("ix_blocks_time", "blocks")
