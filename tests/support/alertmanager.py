"""A real Alertmanager that passes on what it is told to a hook of ours."""

from __future__ import annotations

import json
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Any, Self
from urllib.request import Request, urlopen

from support.services import end, free_port, get, tail, wait_until

CONFIG = """\
global: {{resolve_timeout: {resolve_timeout}}}
route:
  receiver: hook
  group_by: ["..."]
  group_wait: 0s
  group_interval: 100ms
  repeat_interval: 1h
receivers:
  - name: hook
    webhook_configs: [{{url: "{hook}", send_resolved: true}}]
"""


class Alertmanager:
    """A server on 127.0.0.1 whose port and data survive `stop` and `start`.

    Its methods block: where the hook lives in the test's own event loop, call them with `asyncio.to_thread`.
    """

    def __init__(
        self,
        program: Path,
        folder: Path,
        *,
        hook: str = "",
        resolve_timeout: str = "5m",
        config: Path | None = None,
    ) -> None:
        self.port = free_port()
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)
        if config is None:
            config = folder / "alertmanager.yml"
            config.write_text(CONFIG.format(resolve_timeout=resolve_timeout, hook=hook))
        self._command = [
            str(program),
            f"--config.file={config}",
            f"--storage.path={folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{self.port}",
            "--cluster.listen-address=",
        ]

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        """The end of what it has to say."""
        return tail(self._folder / "log")

    def alerts(self) -> list[dict[str, Any]]:
        """What it holds to be firing."""
        found: list[dict[str, Any]] = json.loads(get(self.port, "/api/v2/alerts"))
        return found

    def post(self, alerts: list[dict[str, str]]) -> None:
        """Have alerts with these labels fire."""
        body = json.dumps([{"labels": labels} for labels in alerts]).encode()
        request = Request(f"{self.url}/api/v2/alerts", body, {"Content-Type": "application/json"})  # noqa: S310 -- loopback
        urlopen(request, timeout=10).close()  # noqa: S310

    def wait_for_notification(self) -> None:
        """Return when it knows that the hook has taken something: until then it would tell it again after a restart."""
        told = 'alertmanager_notification_latency_seconds_count{integration="webhook"'
        wait_until(
            lambda: any(
                line.startswith(told) and not line.endswith(" 0")
                for line in get(self.port, "/metrics").decode().splitlines()
            ),
            seconds=60,
            what="Alertmanager to note what it told",
        )

    def start(self) -> None:
        """Start, and return when it answers."""
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        wait_until(self._ready, seconds=60, what="Alertmanager to answer")

    def stop(self) -> None:
        """End it."""
        if self._process is not None:
            end(self._process)
            self._process = None

    def _ready(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            raise AssertionError(f"Alertmanager ended with status {self._process.returncode}: {self.log}")
        with suppress(OSError):
            get(self.port, "/-/ready")
            return True
        return False

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
