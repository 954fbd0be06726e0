"""Files that are made from the code: written, or only compared with what they should be."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path


def keep(files: Mapping[Path, str], arguments: list[str], *, usage: str, command: str) -> int:
    """Write the files that differ, or with `--check` tell which; the exit status.

    Args:
        files: what each should hold.
        arguments: of the command line.
        usage: what to say when they make no sense.
        command: what writes them.
    """
    check = arguments == ["--check"]
    if arguments and not check:
        print(usage, file=sys.stderr)
        return 2
    stale = 0
    for path, text in files.items():
        if path.exists() and path.read_text("utf-8") == text:
            continue
        if check:
            stale = 1
            print(f"{path.name} is not what the code says: run `{command}`", file=sys.stderr)
        else:
            path.write_text(text, "utf-8")
            print(f"wrote {path.name}")
    return stale
