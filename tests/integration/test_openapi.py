"""The daemon does what /api/openapi.json says, whatever it is asked."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.demo import Demo
from support.services import get

from monitor.analysis import time_series as course
from monitor.hub import Hub
from monitor.outputs.web import history
from monitor.outputs.web.api import Api
from monitor.outputs.web.paths import path_of
from monitor.outputs.web.pools import Pools

EXAMPLES = 8
"""For each path; more in `make fuzz`'s spirit by hand."""
ENDLESS = "/api/v1/events"
SETTINGS = """\
# Each value of a question about the past can be right by itself, and all of them together make no sense.
[[operations]]
include-path = "/api/v1/history"
checks.positive_data_acceptance.enabled = false
"""


@pytest.fixture
def demo(scratch: Path) -> Iterator[Demo]:
    with Demo(scratch) as running:
        running.wait_until_ready()
        yield running


def test_every_path_tells_of_itself() -> None:
    class Nobody:
        """Answers nothing."""

    nobody: Any = Nobody()
    api = Api(Hub(nobody), nobody, nobody, courses=nobody)

    pools = Pools(Hub(nobody), nobody, nobody)

    silent = [route.path for part in (api, pools) for route in part.routes() if path_of(route.handler) is None]

    assert silent == [], "decorate their handlers: see monitor/outputs/web/paths.py"


def test_the_metrics_of_the_past_are_those_that_there_are() -> None:
    assert history.METRICS == course.METRICS


def test_what_is_served_is_what_is_documented(demo: Demo, scratch: Path) -> None:
    document = json.loads(get(demo.port, "/api/openapi.json"))
    assert {"/healthz", "/readyz", "/metrics", "/api/v1/shares", "/api/v1/blocks/{hash}", ENDLESS} <= {
        *document["paths"]
    }
    level, window = document["paths"]["/api/v1/shares"]["get"]["parameters"]
    assert level["schema"]["enum"] == ["pool", "template", "operator", "country"]
    assert "2016b" in window["schema"]["enum"]

    (scratch / "schemathesis.toml").write_text(SETTINGS)
    done = subprocess.run(
        [Path(sys.executable).with_name("schemathesis"), "run", f"http://127.0.0.1:{demo.port}/api/openapi.json",
         "--exclude-path", ENDLESS, "--max-examples", str(EXAMPLES), "--seed", "1", "--no-color",
         "--phases", "examples,coverage,fuzzing", "--request-timeout", "10"],
        cwd=scratch, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stdout[-8000:]
