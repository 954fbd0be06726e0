"""Each attribution says how sure it is."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; it is filled when the new rules attribute history again."""
    op.add_column("attributions", sa.Column("confidence", sa.String()))
