"""How many examples the costly properties are tried with."""

from __future__ import annotations

from hypothesis import Phase, settings

_SHRINKS = settings.get_current_profile_name() == "thorough"

few = settings(
    max_examples=settings().max_examples // 3,
    phases=[phase for phase in settings().phases if _SHRINKS or phase is not Phase.shrink],
)
"""For a property that opens a database or counts thousands of blocks: a third of what the profile says. A failure is
shown as it was found, because shrinking it takes minutes; `make fuzz` shrinks it."""
