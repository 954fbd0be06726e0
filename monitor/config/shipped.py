"""The configuration files that are shipped with the program."""

from __future__ import annotations

from pathlib import Path


def shipped(name: str) -> Path:
    """Path of a shipped file, by its name under `config/`: in a checkout, or inside the wheel."""
    package = Path(__file__).parents[1]
    inside = package / "shipped"
    return (inside if inside.is_dir() else package.parent / "config") / name
