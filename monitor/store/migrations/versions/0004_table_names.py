"""Tables get the names of what they hold."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Rename two tables."""
    op.rename_table("facts", "metadata")
    op.rename_table("verdicts", "pending_attributions")
