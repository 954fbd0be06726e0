"""Where audited blocks are out of order."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column. Of blocks that were audited before it is not known."""
    op.add_column("audits", sa.Column("disorder", sa.String))
