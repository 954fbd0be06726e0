"""Alembic's entry: runs the steps on the connection it is handed."""

from alembic import context

from monitor.store.schema import tables

context.configure(connection=context.config.attributes["connection"], target_metadata=tables, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
