"""How many examples the costly properties are tried with."""

from __future__ import annotations

from hypothesis import settings

few = settings(max_examples=settings().max_examples // 5)
"""For a property that opens a database or counts thousands of blocks: a fifth of what the profile says."""
