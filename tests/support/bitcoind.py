"""A real node on a chain of its own."""

from __future__ import annotations

from contextlib import closing
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

from bitcoinrpc.authproxy import AuthServiceProxy, JSONRPCException

from support.services import PATIENCE, Service, free_port, get, tail


class Bitcoind(Service):
    """`bitcoind -regtest` without peers: RPC by cookie, REST, and ZMQ `hashblock` and `sequence` on one address.

    Old blocks don't make it believe that it is still downloading. Extra arguments come last and win. The ports and the
    data survive `stop`, `kill` and `start`; the cookie does not.
    """

    def __init__(self, program: Path, datadir: Path, *arguments: str) -> None:
        super().__init__(program, datadir)
        self.datadir = datadir
        self.port = free_port()
        self.zmq = f"tcp://127.0.0.1:{free_port()}"
        self._arguments = [
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
        return super().log + "\n" + tail(self.datadir / "regtest" / "debug.log")

    def start(self) -> None:
        """Start, and return when it answers."""
        self.cookie_file.unlink(missing_ok=True)  # left by a kill: it would be refused
        super().start()

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

    def _probe(self) -> None:
        try:
            self.call("getblockchaininfo")
        except (HTTPException, JSONRPCException) as error:
            raise OSError(str(error)) from error
