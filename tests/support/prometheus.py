"""A real Prometheus that scrapes one port, and promtool."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from support.services import Service, free_port, get, wait_until

CONFIG = """\
global: {{scrape_interval: {interval}, scrape_timeout: {interval}, evaluation_interval: {interval}}}
rule_files: {rules}
scrape_configs:
  - job_name: pool-monitor
    static_configs: [{{targets: ["127.0.0.1:{target}"]}}]
"""


@dataclass(frozen=True, slots=True)
class Sample:
    """One series of an answer, and its newest value."""

    labels: dict[str, str]
    value: float


class Prometheus(Service):
    """A server that scrapes `/metrics` on 127.0.0.1:`target`.

    Its methods block: where the target lives in the test's own event loop, call them with `asyncio.to_thread`.
    """

    def __init__(
        self,
        program: Path,
        folder: Path,
        target: int,
        *,
        interval: str = "250ms",
        rules: tuple[Path, ...] = (),
        arguments: tuple[str, ...] = (),
    ) -> None:
        super().__init__(program, folder)
        self.port = free_port()
        config = folder / "prometheus.yml"
        config.write_text(
            CONFIG.format(interval=interval, target=target, rules=json.dumps([str(rule) for rule in rules]))
        )
        self._arguments = [
            f"--config.file={config}",
            f"--storage.tsdb.path={self.data}",
            f"--web.listen-address=127.0.0.1:{self.port}",
            "--scrape.discovery-reload-interval=100ms",  # else the first scrape comes after 10 s, not 5
            "--log.level=warn",
            *arguments,
        ]

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def data(self) -> Path:
        """Where it keeps its blocks."""
        return data_of(self.folder)

    def query(self, expression: str, *, time: int | None = None) -> list[Sample]:
        """The instant value of a PromQL expression at a moment, unix time; else now."""
        when = {} if time is None else {"time": time}
        answer = get(self.port, "/api/v1/query?" + urlencode({"query": expression, **when}))
        return [Sample(series["metric"], float(series["value"][1])) for series in json.loads(answer)["data"]["result"]]

    def wait_for(self, expression: str, *, seconds: float = 20) -> list[Sample]:
        """The answer of an expression, as soon as it has one: `pool_monitor_block_height == 5`."""
        found: list[Sample] = []

        def answered() -> bool:
            found[:] = self.query(expression)
            return bool(found)

        wait_until(answered, seconds=seconds, what=f"Prometheus to answer {expression}")
        return found

    def _probe(self) -> None:
        get(self.port, "/-/ready")


def data_of(folder: Path) -> Path:
    """Where a Prometheus in this folder keeps its blocks."""
    return folder / "data"


def create_blocks(promtool: Path, openmetrics: Path, folder: Path) -> str:
    """Make an export part of the past of a Prometheus that is not running, and tell what promtool says.

    Raises:
        AssertionError: promtool refuses it.
    """
    command = [str(promtool), "tsdb", "create-blocks-from", "openmetrics", "--max-block-duration=8760h"]
    command += [str(openmetrics), str(data_of(folder))]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def check_metrics(promtool: Path, exposition: str) -> str:
    """What `promtool check metrics` has against an exposition; empty when it has nothing."""
    done = subprocess.run([promtool, "check", "metrics"], input=exposition, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr
