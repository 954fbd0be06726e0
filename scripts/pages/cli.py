"""All commands, from their help texts."""

from __future__ import annotations

import re
import subprocess
import sys

EVERYWHERE = """\
What each is for: [README](../README.md#commands). Options that many commands have:

* `--help`: Show a help text; every command has it.
* `-c, --config FILE`: Configuration file. Default: pool-monitor.toml, if it exists.
* `--url <str>`: Address of the daemon. Default: as configured.
"""
_KNOWN = re.compile(r"^(\* `(?:-c, --config FILE|--url <str>)`): .*$", re.MULTILINE)
_LISTED = re.compile(r"^\*\*Commands\*\*:\n\n((?:\* `.*\n)+)", re.MULTILINE)
_HEADING = re.compile(r"^#+ .*$", re.MULTILINE)


def page() -> str:
    """The page, by typer's generator, with what it repeats said once."""
    command = [sys.executable, "-m", "typer", "monitor.cli.main", "utils", "docs", "--name", "pool-monitor"]
    done = subprocess.run([*command, "--title", "Commands"], check=True, capture_output=True, text=True)
    text = done.stdout.strip() + "\n"
    text = text.replace("**Usage**:\n\n", "").replace("* `--help`: Show this message and exit.\n", "")
    text = re.sub(r"\*\*Options\*\*:\n\n(?!\*)", "", _KNOWN.sub(r"\1", text))
    starts = [heading.start() for heading in _HEADING.finditer(text)]
    sections = [_with_links(text[start:end]) for start, end in zip(starts, [*starts[1:], None], strict=True)]
    sections[0] += EVERYWHERE + "\n"
    return f"{''.join(sections).strip()}\n\nMeaning of the exit status: [runbook](runbook.md#exit-status).\n"


def _with_links(section: str) -> str:
    """The section with links to its commands in place of the first words of their help texts."""
    above = re.match(r"#+ `(.*)`", section)
    prefix = (above[1] if above else "pool-monitor").replace(" ", "-")

    def links(listed: re.Match[str]) -> str:
        names = re.findall(r"^\* `(.*?)`", listed[1], re.MULTILINE)
        return f"**Commands**: {', '.join(f'[`{name}`](#{prefix}-{name})' for name in names)}\n"

    return _LISTED.sub(links, section)
