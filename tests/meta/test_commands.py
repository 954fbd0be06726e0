"""The commands that people are told to type exist, and their help is what it should be."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
from support.services import CHECKOUT
from typer.core import TyperGroup
from typer.main import get_command
from typer.testing import CliRunner

from monitor import __version__
from monitor.cli.main import cli

README = (CHECKOUT / "README.md").read_text("utf-8")
PAGES = [*CHECKOUT.glob("*.md"), *(CHECKOUT / "docs").rglob("*.md"), *(CHECKOUT / "config").rglob("*.md")]


WHOLE = get_command(cli)
assert isinstance(WHOLE, TyperGroup)
GROUPS = {name: [*each.commands] for name, each in WHOLE.commands.items() if isinstance(each, TyperGroup)}
COMMANDS = [*WHOLE.commands]
TARGETS = set(re.findall(r"^([a-z-]+):", (CHECKOUT / "Makefile").read_text("utf-8"), re.MULTILINE))


def help_of(*command: str) -> str:
    """What `--help` prints, in a wide terminal."""
    done = CliRunner().invoke(
        cli, [*command, "--help"], prog_name="pool-monitor", env={"COLUMNS": "200", "TERM": "dumb"}
    )
    assert done.exit_code == 0, done.output
    return done.output


def typed() -> list[tuple[str, str]]:
    """Each thing that a page tells people to type, with the page: lines of shell blocks, and code in a sentence."""
    found = []
    for page in PAGES:
        text = page.read_text("utf-8")
        shell = re.findall(r"^ *```(?:sh|console)\n(.*?)^ *```", text, re.MULTILINE | re.DOTALL)
        lines = [line.partition(" #")[0].strip() for block in shell for line in block.splitlines()]
        prose = re.sub(r"^ *```.*?^ *```", "", text, flags=re.MULTILINE | re.DOTALL)
        found += [(page.name, each) for each in (*lines, *re.findall(r"`([^`\n]+)`", prose))]
    return found


def test_every_make_target_that_is_written_about_exists() -> None:
    asked = {match[1]: page for page, line in typed() if (match := re.match(r"make ([a-z][a-z-]*)", line))}

    assert "demo" in asked
    assert {f"{page}: make {target}" for target, page in asked.items() if target not in TARGETS} == set()


def test_every_command_and_option_that_is_written_about_exists() -> None:
    helps = {name: help_of(name) for name in COMMANDS}
    helps |= {f"{group} {name}": help_of(group, name) for group, names in GROUPS.items() for name in names}
    wrong = set()
    for page, line in typed():
        for first, rest in re.findall(r"(?:^|[|/]\s*|bin/)pool-monitor ([a-z]+)([^|]*)", line):
            inner = re.match(r" ([a-z]+)", rest) if first in GROUPS else None
            name = f"{first} {inner[1]}" if inner else first
            options = re.findall(r"(?<![\w-])--?[a-z][a-z-]*", rest)
            if name not in helps or any(option not in helps[name] for option in options):
                wrong.add(f"{page}: {line}")

    assert not wrong


def test_the_readme_lists_every_command() -> None:
    assert set(re.findall(r"^\| `pool-monitor ([a-z]+)` \|", README, re.MULTILINE)) == set(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_says_what_the_command_does(command: str) -> None:
    assert f"Usage: pool-monitor {command}" in help_of(command)
    assert re.search(rf"{command} +[A-Z]", help_of())


@pytest.mark.parametrize("command", ["check", "status", "attribute"])
def test_help_tells_the_exit_status_of_commands_that_scripts_ask(command: str) -> None:
    assert re.search(r"exit (status|code)", help_of(command), re.IGNORECASE)


def test_the_version_needs_nothing_of_what_the_commands_load() -> None:
    program = (
        "import sys; from monitor.cli.main import cli; cli(['--version'], standalone_mode=False); print(*sys.modules)"
    )

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    version, modules = done.stdout.splitlines()
    assert version == f"pool-monitor {__version__}"
    assert not {"numpy", "sqlalchemy", "aiohttp", "pydantic", "structlog", "rich"} & {*modules.split()}


def test_a_misspelt_command_is_guessed() -> None:
    done = CliRunner().invoke(cli, ["backfil"])

    assert done.exit_code == 2
    assert "Did you mean 'backfill'" in done.output
