"""What things are called."""

from __future__ import annotations

from typing import NewType

BlockHash = NewType("BlockHash", str)
"""64 hex digits in display order (most significant byte first)."""

PoolSlug = NewType("PoolSlug", str)
"""A pool's short name in URLs, labels and configuration: `foundryusa`. Always a registry's, never a coinbase's."""

PSEUDONYM = "unknown-"
"""How the name of a miner begins of whom only the traces are known. No slug has a hyphen."""

NO_BLOCK = BlockHash("0" * 64)
"""The parent that the genesis block names."""
