"""Files that are generated from the code: written, or compared with what they should contain."""

from __future__ import annotations

import re
import sys
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path

WIDTH = 120
_VERBATIM = re.compile(r" *\||[#!]|<!|\[!|    |$")
"""Lines of Markdown that are not prose: headings, tables (also within items), HTML, pictures, code, blank lines."""
_ITEM = re.compile(r"[-*] |\d\d?\. ")


def keep(files: Mapping[Path, str], arguments: list[str], *, usage: str, command: str) -> int:
    """Write the files that differ, or with `--check` only name them; returns the exit status.

    Args:
        files: the content of each file.
        arguments: the arguments of the command line.
        usage: printed if the arguments are invalid.
        command: the command that writes the files.
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
            print(f"{path.name} differs from the code: run `{command}`", file=sys.stderr)
        else:
            path.write_text(text, "utf-8")
            print(f"wrote {path.name}")
    return stale


def wrapped(page: str) -> str:
    """A page of Markdown with its prose wrapped at `WIDTH`; tables and code stay as they are."""
    return "\n".join(_wrapped([*page.rstrip("\n").split("\n"), ""]))


def _wrapped(lines: list[str]) -> Iterator[str]:
    """The lines of a page that ends with a blank one."""
    is_code, paragraph = False, ""
    for line in lines:
        is_fence = line.lstrip().startswith("```")
        is_prose = not (is_code or is_fence or _VERBATIM.match(line))
        if paragraph and (not is_prose or _ITEM.match(line.lstrip())):
            yield from _filled(paragraph)
            paragraph = ""
        if is_prose:
            paragraph = f"{paragraph} {line.strip()}" if paragraph else line.rstrip()
        else:
            yield line
        is_code ^= is_fence


def _filled(paragraph: str) -> list[str]:
    indent = len(paragraph) - len(paragraph.lstrip())
    item = _ITEM.match(paragraph.lstrip())
    hanging = " " * (indent + (len(item[0]) if item else 0))
    kept = re.sub(r"(?<=\S) (?=([-*]|\d\d?\.) )", "\0", paragraph)  # else a line might begin like an item of a list
    lines = textwrap.wrap(kept, WIDTH, subsequent_indent=hanging, break_long_words=False, break_on_hyphens=False)
    return [line.replace("\0", " ") for line in lines]
