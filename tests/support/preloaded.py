"""What `support.forked` has ready for its processes: the program, and what it makes of the files that come with it."""

from __future__ import annotations

import sqlite3
from functools import cache

import numpy.random

from monitor import __main__, app
from monitor.cli import demo_daemon, run
from monitor.economy.view import ai_side
from monitor.registry import memberships
from monitor.registry.loading import load_registry
from monitor.registry.registry import PoolRegistry

__all__ = ["__main__", "app", "demo_daemon", "numpy", "remember", "run", "sqlite3"]


def remember() -> None:
    """Parse each text of a registry once: registries are values of their text."""
    PoolRegistry.parse = cache(PoolRegistry.parse)  # type: ignore[method-assign]
    rows = cache(memberships.parse)
    memberships.parse = lambda *text, **origin: [*rows(*text, **origin)]


def prepare() -> None:
    """Read and measure what comes with the program."""
    remember()
    for network in ("main", "regtest"):
        load_registry(network=network)
    ai_side({})
