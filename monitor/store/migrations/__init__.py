"""How the database came to its present shape, one step a file. A step that was released is never changed."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection

from monitor.errors import StoreRefused


def migrate(connection: Connection) -> None:
    """Bring the database to the newest shape; nothing happens to one that is there.

    Raises:
        StoreRefused: it comes from a newer version of this program.
    """
    if not _is_newest(connection):
        command.upgrade(_config(connection), "head")


def demand_newest(connection: Connection) -> None:
    """Check that the database has the newest shape, without changing it.

    Raises:
        StoreRefused: it has another.
    """
    if not _is_newest(connection):
        raise StoreRefused("the database comes from an older version of pool-monitor", remedy="start the daemon once")


def _is_newest(connection: Connection) -> bool:
    script = ScriptDirectory.from_config(_config(connection))
    found = MigrationContext.configure(connection).get_current_revision()
    if found == script.get_current_head():
        return True
    try:
        if found is not None:
            script.get_revision(found)
    except CommandError:
        raise StoreRefused(
            f"the database comes from a newer version of pool-monitor (revision {found})",
            remedy="upgrade pool-monitor, or choose another store.url",
        ) from None
    return False


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["connection"] = connection
    return config
