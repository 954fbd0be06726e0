"""The daemon does what /api/openapi.json says, whatever it is asked."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
from aiohttp import web
from support.demo import Demo
from support.served import sources
from support.services import get

from monitor.analysis import time_series
from monitor.hub import Hub
from monitor.outputs.web.routes.api import Api
from monitor.outputs.web.routes.history import Metric
from monitor.outputs.web.routes.openapi import document as openapi
from monitor.vitals import Vitals

EXAMPLES = 3
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
    with Demo(scratch, seconds=600) as running:  # a block every half second would take most of the time
        running.wait_until_ready()
        yield running


def test_every_field_and_every_parameter_is_described() -> None:
    application = web.Application()
    application.add_routes(Api(sources(Hub(Vitals()))).routes())

    document = openapi(application.router.routes(), None)

    parameters = [each for path in document["paths"].values() for each in path["get"]["parameters"]]
    assert len(parameters) > 15
    assert [each["name"] for each in parameters if not each["description"]] == []
    schemas = document["components"]["schemas"]
    fields = {
        f"{name}.{field}": about
        for name, each in schemas.items()
        for field, about in each.get("properties", {}).items()
    }
    assert len(fields) > 200
    assert [name for name, about in fields.items() if not about.get("description")] == []
    assert [name for name in schemas if "__" in name] == [], "two models with one name, told apart by their modules"


UNITS = re.compile(
    r"satoshi|hash(es)? per second|weight units|second|day|year|unix|bitcoin|bits|nats|bytes|height|status|index|hhi"
    r"|gini|nakamoto|0 to 1|0\.\.1|0\.5\.\.1|per cent|%|share|ratio|probabilit|p-value|deviations|difficulty|end"
    r"|estimate|slope|number|how (many|often|much)|blocks|pools|entities|jobs|templates|transactions|points|`below`",
    re.IGNORECASE,
)
"""What says the unit of a number, or that it is a count: in its description, or in its name."""


def test_every_number_has_a_unit() -> None:
    application = web.Application()
    application.add_routes(Api(sources(Hub(Vitals()))).routes())
    schemas = openapi(application.router.routes(), None)["components"]["schemas"]

    numbers = {
        f"{name}.{field}": about["description"]
        for name, each in schemas.items()
        for field, about in each.get("properties", {}).items()
        if re.search(r"'type': '(number|integer)'", str(about))
    }

    assert len(numbers) > 200
    assert {name: about for name, about in numbers.items() if not UNITS.search(f"{name} {about}")} == {}


def test_the_metrics_of_the_past_are_those_that_there_are() -> None:
    assert get_args(Metric) == time_series.METRICS


def test_what_is_served_is_what_is_documented(demo: Demo, scratch: Path) -> None:
    document = json.loads(get(demo.port, "/api/openapi.json"))
    assert {"/healthz", "/readyz", "/metrics", "/api/v1/shares", "/api/v1/blocks/{hash}", ENDLESS} <= {
        *document["paths"]
    }
    _at, _format, level, window = document["paths"]["/api/v1/shares"]["get"]["parameters"]
    assert level["schema"]["enum"] == ["pool", "template", "operator", "origin", "country"]
    assert "2016b" in window["schema"]["enum"]

    (scratch / "schemathesis.toml").write_text(SETTINGS)
    done = subprocess.run(
        [Path(sys.executable).with_name("schemathesis"), "run", f"http://127.0.0.1:{demo.port}/api/openapi.json",
         "--exclude-path", ENDLESS, "--max-examples", str(EXAMPLES), "--seed", "1", "--no-color",
         "--phases", "examples,coverage,fuzzing", "--request-timeout", "10"],
        cwd=scratch, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stdout[-8000:]


def test_paths_that_need_no_token_do_not_ask_for_one() -> None:
    application = web.Application()
    application.add_routes(Api(sources(Hub(Vitals()))).routes())

    paths = openapi(application.router.routes(), None)["paths"]

    without = {path for path, methods in paths.items() if "401" not in methods["get"]["responses"]}
    assert without == {"/healthz", "/readyz"}
