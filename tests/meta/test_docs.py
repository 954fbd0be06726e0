"""The documentation says what is there: generated pages are fresh, links lead somewhere, lists are complete."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from itertools import chain
from pathlib import Path

import pytest
from support.services import CHECKOUT

from monitor.chain.follower import _kind
from monitor.chain.plan import Behind, Inconsistent
from monitor.errors import Exit, InvalidBlock, NodeAway, NodeBusy, NodeRefused
from monitor.model import PREFIX
from monitor.reload import REJECTED

ROOTS = ("docs", "config", "monitor", "tests", "deploy", "grafana")
PAGES = sorted([*CHECKOUT.glob("*.md"), *(page for root in ROOTS for page in (CHECKOUT / root).rglob("*.md"))])
DOCS = CHECKOUT / "docs"
SOURCES = sorted((CHECKOUT / "monitor").rglob("*.py"))


def test_the_generated_pages_are_what_the_code_says() -> None:
    done = subprocess.run(
        [sys.executable, CHECKOUT / "scripts" / "docs.py", "--check"], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(CHECKOUT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", _prose(page)):
        if re.match(r"[a-z]+:", target):
            continue  # elsewhere: a test needs no internet
        name, _, anchor = target.partition("#")
        file = (page.parent / name).resolve() if name else page
        if not file.exists() or (anchor and anchor not in _anchors(file)):
            broken.append(target)

    assert not broken


def test_each_fault_has_a_test() -> None:
    tests = {
        name
        for file in (CHECKOUT / "tests").rglob("test_*.py")
        for name in re.findall(r"def (test_\w+)", file.read_text())
    }
    named = re.findall(r"`(test_\w+)` \|$", (DOCS / "reliability.md").read_text(), re.MULTILINE)

    assert len(named) > 20
    assert not set(named) - tests


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(CHECKOUT)))
def test_prose_is_wrapped_at_120_characters(page: Path) -> None:
    long = [line for line in _without_code(page).splitlines() if len(line) > 120 and not re.match(r" *[|!]|\[!", line)]

    assert not long


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(CHECKOUT)))
def test_no_table_is_folded_into_a_paragraph(page: Path) -> None:
    assert not re.search(r"\|[ \n]+\|:?--.*\| *\|", _without_code(page))


def test_every_page_of_the_documentation_is_in_its_index() -> None:
    index = (DOCS / "README.md").read_text("utf-8")

    for page in DOCS.rglob("*.md"):
        name = str(page.relative_to(DOCS))
        assert name == "README.md" or f"]({name})" in index, f"docs/README.md does not name {name}"


def test_decisions_are_called_in_the_index_what_they_call_themselves() -> None:
    index = (DOCS / "README.md").read_text("utf-8")

    for page in (DOCS / "adr").glob("0*.md"):
        title = page.read_text("utf-8").splitlines()[0].removeprefix("# ")
        number, _, words = title.partition(". ")
        assert page.name.startswith(f"{int(number):04}-")
        assert f"| [{number}](adr/{page.name}) | {words} |" in index


def test_every_dependency_has_its_reason() -> None:
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text("utf-8"))
    groups = project["dependency-groups"]
    asked = [
        *project["project"]["dependencies"], *chain(*project["project"]["optional-dependencies"].values()),
        *groups["build"], *groups["release"], *groups["site"], *groups["dev"],
    ]  # fmt: skip
    names = [re.split(r"[^a-z0-9-]", one)[0] for one in asked if isinstance(one, str)]

    explained = re.findall(r"^\| ([a-z][a-z0-9-]*) \|", (DOCS / "dependencies.md").read_text("utf-8"), re.MULTILINE)

    assert sorted(explained) == sorted({*names} - {"pool-monitor"})


def test_the_lock_files_name_no_index() -> None:
    for locked in (CHECKOUT / "requirements").glob("*.txt"):
        assert "://" not in locked.read_text("utf-8")


def test_the_runbook_explains_every_log_line() -> None:
    runbook = (DOCS / "runbook.md").read_text("utf-8")

    said = {event for source in SOURCES for event in _logged(source)} | {*REJECTED.values()}

    assert said
    assert {event for event in said if f"| `{event}` |" not in runbook} == set()


def test_the_runbook_explains_every_kind_of_error() -> None:
    table = (DOCS / "runbook.md").read_text("utf-8").partition("## Kinds of errors")[2]
    explained = set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE))

    counted = set(re.findall(r"errors\.labels\(\"(\w+)\"\)", "".join(map(Path.read_text, SOURCES))))
    counted |= {_kind(each()) for each in (NodeAway, NodeBusy, NodeRefused, InvalidBlock, Inconsistent, Behind)} | {
        *REJECTED
    }

    assert explained == counted


def test_the_runbook_explains_every_exit_status() -> None:
    section = (DOCS / "runbook.md").read_text("utf-8").partition("## Exit status")[2].partition("\n## ")[0]

    assert [int(status) for status in re.findall(r"^\| (\d) \|", section, re.MULTILINE)] == sorted(Exit)


def test_every_metric_that_is_written_about_exists() -> None:
    catalogue = (DOCS / "metrics.md").read_text("utf-8")
    known = set(re.findall(rf"^\| `({PREFIX}_\w+)`", catalogue, re.MULTILINE))

    used = {name for page in PAGES for name in re.findall(rf"\b{PREFIX}_[a-z_]+\b", page.read_text("utf-8"))}

    assert known
    assert used <= known


def _logged(source: Path) -> set[str]:
    """What the file says in the log."""
    return {
        str(node.args[0].value)
        for node in ast.walk(ast.parse(source.read_text("utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "log"
        and node.args
        and isinstance(node.args[0], ast.Constant)
    }


def _prose(page: Path) -> str:
    """The page without code, in which brackets have other meanings."""
    return re.sub(r"`[^`\n]*`", "", _without_code(page))


def _without_code(page: Path) -> str:
    """The page without its code blocks."""
    return re.sub(r"^ *```.*?^ *```", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)


def _anchors(page: Path) -> set[str]:
    """What its headings are called in an address, by the rules of those who show Markdown."""
    titles = re.findall(r"^#+ (.*)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-") for title in titles}
