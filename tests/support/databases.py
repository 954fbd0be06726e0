"""Databases of either kind, looked at without the store."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from tempfile import TemporaryDirectory
from typing import Any, TypeAlias

from sqlalchemy import create_engine, inspect, text
from sqlalchemy.pool import NullPool

NewUrl: TypeAlias = Callable[[], str]
"""Makes the URL of a database that does not exist yet, or is empty."""
EmptyDatabase: TypeAlias = Callable[[], AbstractContextManager[str]]
"""The same for a while."""


@contextmanager
def sqlite() -> Iterator[str]:
    """The URL of a file that does not exist yet, and is deleted afterwards."""
    with TemporaryDirectory(prefix="pool-monitor-test-") as folder:
        yield f"sqlite:///{folder}/blocks.sqlite"


def ask(url: str, statement: str, **parameters: object) -> list[tuple[Any, ...]]:
    """Execute a statement, and commit; return its rows."""
    engine = create_engine(url, poolclass=NullPool)
    with engine.begin() as connection:
        done = connection.execute(text(statement), parameters)
        return [tuple(row) for row in done] if done.returns_rows else []


def table_names(url: str) -> set[str]:
    """The names of all tables."""
    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        return set(inspect(connection).get_table_names())
