"""A real node on a chain of its own."""

from __future__ import annotations

import subprocess
from contextlib import closing, suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any, Self

from bitcoinrpc.authproxy import AuthServiceProxy, JSONRPCException

from support.services import PATIENCE, end, free_port, get, tail, wait_until


class Bitcoind:
    """`bitcoind -regtest` without peers: RPC by cookie, REST, and ZMQ `hashblock` and `sequence` on one address.

    Old blocks don't make it believe that it is still downloading. Extra arguments come last and win. The ports and the
    data survive `stop`, `kill` and `start`; the cookie does not.
    """

    def __init__(self, program: Path, datadir: Path, *arguments: str) -> None:
        self.datadir = datadir
        self.port = free_port()
        self.zmq = f"tcp://127.0.0.1:{free_port()}"
        self._process: subprocess.Popen[bytes] | None = None
        self._command = [
            str(program),
            "-regtest",
            f"-datadir={datadir}",
            "-server",
            "-rest",
            f"-rpcport={self.port}",
            f"-zmqpubhashblock={self.zmq}",
            f"-zmqpubsequence={self.zmq}",
            "-maxtipage=999999999",
            "-connect=0",
            "-listen=0",
            "-disablewallet",
            "-dbcache=4",
            "-par=1",
            "-printtoconsole=0",
            *arguments,
        ]

    @property
    def url(self) -> str:
        """Where RPC and REST are."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def cookie_file(self) -> Path:
        """The file with the credentials of this start."""
        return self.datadir / "regtest" / ".cookie"

    @property
    def blocks_dir(self) -> Path:
        """The folder with the block files."""
        return self.datadir / "regtest" / "blocks"

    @property
    def log(self) -> str:
        """The end of what the node has to say."""
        return tail(self.datadir / "stderr") + "\n" + tail(self.datadir / "regtest" / "debug.log")

    @property
    def pid(self) -> int:
        """The running node's process."""
        assert self._process is not None, "the node is not running"
        return self._process.pid

    def start(self) -> None:
        """Start, and return when the node answers."""
        assert self._process is None, "the node is running already"
        self.datadir.mkdir(parents=True, exist_ok=True)
        self.cookie_file.unlink(missing_ok=True)  # left by a kill: it would be refused
        with (self.datadir / "stderr").open("wb") as stderr:
            self._process = subprocess.Popen(self._command, stdout=stderr, stderr=stderr, stdin=subprocess.DEVNULL)
        try:
            wait_until(self._answers, seconds=60, what="bitcoind to answer")
        except AssertionError as error:
            self.kill()
            raise AssertionError(f"{error}\n{self.log}") from None

    def stop(self) -> None:
        """Let it write everything down and end."""
        if self._process is not None:
            end(self._process)
            self._process = None

    def kill(self) -> None:
        """End it as a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def restart(self) -> None:
        """Stop and start again with the same ports and data."""
        self.stop()
        self.start()

    def call(self, method: str, *parameters: object) -> Any:  # noqa: ANN401 -- whatever the method answers
        """One RPC, on a connection of its own: any thread may call, before and after a restart.

        Raises:
            JSONRPCException: the node says no.
        """
        url = f"http://{self.cookie_file.read_text()}@127.0.0.1:{self.port}"
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=30 * PATIENCE)) as connection:
            return getattr(AuthServiceProxy(url, connection=connection), method)(*parameters)

    def rest(self, path: str) -> bytes:
        """GET below `/rest/`."""
        return get(self.port, f"/rest/{path}")

    def _answers(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            raise AssertionError(f"bitcoind ended with status {self._process.returncode}")
        with suppress(OSError, HTTPException, JSONRPCException):
            self.call("getblockchaininfo")
            return True
        return False

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
