"""Types and constants for names."""

from __future__ import annotations

from typing import NewType

BlockHash = NewType("BlockHash", str)
"""64 hex digits in display order (most significant byte first)."""

PoolSlug = NewType("PoolSlug", str)
"""A pool's short name in URLs, labels and configuration, such as `foundryusa`. It comes from the registry."""

PSEUDONYM = "unknown-"
"""Prefix of the pseudonyms of unknown miners. No slug contains a hyphen."""

PREFIX = "pool_monitor"
"""Prefix of the names of all metrics in Prometheus."""

NO_BLOCK = BlockHash("0" * 64)
"""The parent that the genesis block names."""
