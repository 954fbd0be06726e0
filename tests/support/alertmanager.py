"""A real Alertmanager that passes on what it is told to a hook of ours."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from support.services import Service, free_port, get, wait_until

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


class Alertmanager(Service):
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
        super().__init__(program, folder)
        self.port = free_port()
        if config is None:
            config = folder / "alertmanager.yml"
            config.write_text(CONFIG.format(resolve_timeout=resolve_timeout, hook=hook))
        self._arguments = [
            f"--config.file={config}",
            f"--storage.path={folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{self.port}",
            "--cluster.listen-address=",
        ]

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

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

    def _probe(self) -> None:
        get(self.port, "/-/ready")
