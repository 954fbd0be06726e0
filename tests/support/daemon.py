"""The daemon under test: as a process of its own, or inside the test's event loop."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

import aiohttp

from monitor import app as daemon
from monitor.config import Config
from monitor.embedded import EmbeddedNode
from support.forked import Process, start
from support.services import PATIENCE, get, pauses, tail, wait_until


def environment(**settings: object) -> dict[str, str]:
    """Ours, with these settings and no others: `node__url="..."`."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("POOL_MONITOR_")}
    return ours | {f"POOL_MONITOR_{name.upper()}": str(value) for name, value in settings.items()}


class Daemon:
    """`pool-monitor run` on a free port, in a folder that holds its store; the store survives `stop` and `kill`.

    With a `command`, that becomes the daemon: `POOL_MONITOR` to measure one that nothing was imported for. The file of
    a `support.clock.Clock` sets its time.
    """

    def __init__(
        self, folder: Path, *, command: Sequence[str] = (), clock: Path | None = None, **settings: object
    ) -> None:
        self.folder = folder
        self._command = command
        self._clock = clock
        folder.mkdir(parents=True, exist_ok=True)
        store = f"sqlite:///{folder / 'blocks.sqlite'}"
        self.environment = environment(**{"store__url": store, "web__port": 0, "log__format": "json"} | settings)
        self._log = folder / "log"
        self._process: Process | None = None

    def start(self) -> None:
        """Start, and return when it listens."""

        def listens() -> bool:
            assert self._running.poll() is None, f"the daemon ended: {self.log}"
            return bool(self.events("listening"))

        self.launch()
        wait_until(listens, seconds=60, what="the daemon to listen")

    def launch(self) -> None:
        """Start, and do not wait for anything."""
        self._log.write_bytes(b"")
        self._process = start(
            "run", environment=self.environment, folder=self.folder, output=self._log, command=self._command,
            clock=self._clock,
        )  # fmt: skip

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Ask it to stop; its exit status."""
        process, self._process = self._running, None
        process.send_signal(number)
        return process.wait(20 * PATIENCE)

    def kill(self) -> None:
        """End it as a power cut would."""
        self._running.kill()
        self._running.wait()
        self._process = None

    def signal(self, number: int) -> None:
        """Send it a signal."""
        self._running.send_signal(number)

    def wait(self) -> int:
        """Its exit status, once it ends by itself."""
        return self._running.wait(20 * PATIENCE)

    @property
    def runs(self) -> bool:
        """Whether it was started, and did not end by itself."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """Its process."""
        return self._running.pid

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(urlsplit(self.events("listening")[0]["url"]).port or 0)

    def examine(self) -> str:
        """What it says of itself; the log has what its threads and tasks do."""
        if not self.runs:
            return "it does not run"
        self.signal(signal.SIGUSR2)
        time.sleep(1)  # it prints
        with suppress(OSError, IndexError):
            return self.text("/api/v1/status")
        return "it does not answer"

    @property
    def log(self) -> str:
        """The end of what it has to say."""
        return tail(self._log)

    @property
    def whole_log(self) -> str:
        """All that it has to say since its start."""
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    def events(self, name: str) -> list[dict[str, Any]]:
        """What it logged since its start under this name."""
        lines = self._log.read_text().splitlines()
        found = [json.loads(line) for line in lines if line.startswith("{") and line.endswith("}")]
        return [event for event in found if event["event"] == name]

    def ask(self, path: str) -> Any:  # noqa: ANN401 -- JSON is whatever it is
        """GET a JSON document."""
        return json.loads(get(self.port, path))

    def text(self, path: str) -> str:
        """GET a page."""
        return get(self.port, path).decode()

    def metric(self, series: str) -> float | None:
        """The number of one series of /metrics, written as there: `pool_monitor_block_height`."""
        found = re.search(rf"^{re.escape(series)} (\S+)$", get(self.port, "/metrics").decode(), re.MULTILINE)
        return float(found[1]) if found else None

    def wait_for(self, tip: str, *, seconds: float = 20) -> None:
        """Return when it shows this block as the newest, has caught up, and has asked its nodes if it is the writer."""

        def there() -> bool:
            assert self._running.poll() is None, f"the daemon ended: {self.log}"
            status = self.ask("/api/v1/status")
            shown = status["ready"] and status["tip"]["hash"] == tip
            return bool(shown and (not status["writer"] or self._knows_its_nodes()))

        wait_until(there, seconds=seconds, what=f"the daemon to show block {tip}")

    def _knows_its_nodes(self) -> bool:
        try:
            return bool(self.ask("/api/v1/nodes"))
        except OSError:  # 503 until each has said where it is
            return False

    def memory(self, what: str) -> int:
        """Bytes it holds now (`VmRSS`), or held at most (`VmHWM`)."""
        found = re.search(rf"{what}:\s+(\d+) kB", Path(f"/proc/{self.pid}/status").read_text())
        assert found, what
        return 1024 * int(found[1])

    def processor_seconds(self) -> float:
        """Processor time that it has taken."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    @property
    def _running(self) -> Process:
        assert self._process is not None, "the daemon is not running"
        return self._process

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind:
            print(self.log)  # noqa: T201 -- pytest shows it with the failure
        self.close()

    def close(self) -> None:
        """End it if it runs."""
        if self._process is not None:
            self.kill()


class Inside:
    """A daemon in the test's own event loop, and a client of it."""

    def __init__(self, session: aiohttp.ClientSession, url: str, task: asyncio.Task[None]) -> None:
        self.url = url
        self.task = task
        self.session = session

    async def get(self, path: str, **headers: str) -> tuple[int, str, bytes]:
        """The status, content type and body of an answer."""
        async with self.session.get(self.url + path, headers=headers) as response:
            return response.status, response.headers["Content-Type"], await response.read()

    async def ask(self, path: str) -> Any:  # noqa: ANN401 -- JSON is whatever it is
        """A JSON document, whatever its status."""
        return json.loads((await self.get(path))[2])

    async def wait_for(self, tip: str | None = None, *, waiting: str | None = None, seconds: float = 10) -> Any:  # noqa: ANN401
        """The status, once it shows this block and has caught up, or says that it waits for such a reason."""
        pause = pauses()
        async with asyncio.timeout(PATIENCE * seconds):
            while True:
                if self.task.done():
                    await self.task
                status = await self.ask("/api/v1/status")
                if waiting is not None:
                    if status["waiting"] and waiting in status["waiting"]:
                        return status
                elif status["ready"] and status["tip"]["hash"] == tip:
                    return status
                await asyncio.sleep(next(pause))


@asynccontextmanager
async def inside(config: Config) -> AsyncIterator[Inside]:
    """Run the daemon within the test; it is asked to stop at the end."""
    stop, listening = asyncio.Event(), asyncio.get_running_loop().create_future()
    task = asyncio.create_task(daemon.run(config, stop, listening=listening.set_result))
    await asyncio.wait([task, listening], return_when=asyncio.FIRST_COMPLETED)
    if task.done():
        await task
    try:
        async with aiohttp.ClientSession() as session:
            yield Inside(session, listening.result(), task)
    finally:
        stop.set()
        await asyncio.wait_for(task, 10 * PATIENCE)


@asynccontextmanager
async def following(node: EmbeddedNode, folder: Path, **sections: object) -> AsyncIterator[Inside]:
    """The same with a fresh store in a folder, once it shows the node's newest block: `windows=["24h"]`."""
    known: dict[str, object] = {
        "node": {"url": node.url, "cookie_file": node.cookie_file},
        "store": {"url": f"sqlite:///{folder / 'blocks.sqlite'}"},
        "web": {"port": 0},
    }
    async with inside(Config.model_validate(known | sections)) as daemon:
        await daemon.wait_for(node.tip.hash)
        yield daemon
