"""The demo, as people start it."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

from support.daemon import environment
from support.forked import Process, start
from support.services import end, get, wait_until


class Demo:
    """`pool-monitor demo` on a free port, its temporary folders in `folder`.

    Few and short windows make it start in a third of the time.
    """

    def __init__(
        self,
        folder: Path,
        *,
        seconds: float = 0.5,
        port: int = 0,
        command: Sequence[str] = (),
        windows: str = "24h,2016b",
    ) -> None:
        self._environment = environment(windows=windows) | {"TMPDIR": str(folder), "PYTHONUNBUFFERED": "1"}
        self._folder = folder
        self._said = folder / "said"
        self._command = command
        self._arguments = ["demo", "--seconds", str(seconds), "--port", str(port)]
        self._process: Process | None = None

    @property
    def port(self) -> int:
        """Where it serves."""
        found = re.search(rb"Open http://127\.0\.0\.1:(\d+)", self._said.read_bytes())
        return int(found[1]) if found else 0

    def wait_until_ready(self) -> None:
        """Return when it has caught up with its node."""
        wait_until(lambda: bool(self.ask("/api/v1/status")["ready"]), seconds=60, what="the demo to be ready")

    def ask(self, path: str) -> Any:  # noqa: ANN401 -- JSON is whatever it is
        """GET a JSON document."""
        return json.loads(get(self.port, path))

    def __enter__(self) -> Self:
        self._process = start(
            *self._arguments, environment=self._environment, folder=self._folder, output=self._said,
            command=self._command,
        )  # fmt: skip
        try:
            wait_until(lambda: bool(self.port), seconds=60, what="the demo to print its address")
        except BaseException:
            end(self._process)
            raise
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process
        end(self._process)
