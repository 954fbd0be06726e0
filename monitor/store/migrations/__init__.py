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
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["connection"] = connection
    script = ScriptDirectory.from_config(config)
    found = MigrationContext.configure(connection).get_current_revision()
    if found == script.get_current_head():
        return
    try:
        if found is not None:
            script.get_revision(found)
    except CommandError:
        raise StoreRefused(
            f"the database comes from a newer version of pool-monitor (revision {found}); "
            "upgrade pool-monitor, or choose another store.url"
        ) from None
    command.upgrade(config, "head")
