"""What the README says of Prometheus, and docs/node.md of the node, is true."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

from support.services import CHECKOUT

from monitor.node.rest import PATHS
from monitor.node.rpc import CALLS

README = (CHECKOUT / "README.md").read_text("utf-8")
PAGE = (CHECKOUT / "docs" / "node.md").read_text("utf-8")
NODE = sorted((CHECKOUT / "monitor" / "node").glob("*.py"))
WHITELIST = re.findall(r"^rpcwhitelist=pool-monitor:(.*)$", PAGE, re.MULTILINE)[0]


def test_the_whitelist_has_exactly_the_calls_that_the_code_makes() -> None:
    assert tuple(WHITELIST.split(",")) == CALLS
    assert sorted(CALLS) == sorted({*_first_arguments("call"), *_first_arguments("optional")})


def test_the_page_lists_exactly_the_rest_paths_that_the_code_reads() -> None:
    listed = re.findall(r"^\| `(\w+)/[^`]*` \|", PAGE, re.MULTILINE)

    assert sorted(listed) == sorted(PATHS)


def test_prometheus_takes_the_scrape_configuration(promtool: Path, tmp_path: Path) -> None:
    (snippet,) = re.findall(r"^```yaml\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    file = tmp_path / "prometheus.yml"
    file.write_text(snippet)

    done = subprocess.run([promtool, "check", "config", file], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr


def _first_arguments(method: str) -> Iterator[str]:
    """The texts that the node room hands to a method of this name."""
    for source in NODE:
        for node in ast.walk(ast.parse(source.read_text("utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr == method
                and node.args
                and isinstance(node.args[0], ast.Constant)
            ):
                yield str(node.args[0].value)
