"""A node that relays a real one and lies about some things."""

from __future__ import annotations

import json
import threading
from base64 import b64encode
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import replace
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any, Self

from monitor.model import Header
from monitor.wire import decode_block, decode_header, encode_coinbase, encode_header, target
from support.bitcoind import Bitcoind
from support.blocks import Built, build, parent_of

Lie = Callable[..., Any]


class LyingNode:
    """RPC without REST and ZMQ, relayed to a real node except for the lies. Use as a context manager."""

    def __init__(self, node: Bitcoind) -> None:
        self.node = node
        self.lies: dict[str, Lie] = {}
        """By method: what is answered to its parameters instead. One that raises `KeyError` tells the truth, one that
        raises `PermissionError` is refused, as by a whitelist."""
        lying = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status, answer = lying.answer(body)
                self.send_response(status)
                self.send_header("Content-Type", "text/html" if status == 403 else "application/json")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                with suppress(ConnectionError):  # the client has gone
                    self.wfile.write(answer)

            def do_GET(self) -> None:
                self.send_error(404)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def answer(self, body: bytes) -> tuple[int, bytes]:
        """Status and answer to a call."""
        call = json.loads(body)
        try:
            result = self.lies[call["method"]](*call["params"])
        except KeyError:
            return self._truth(body)
        except PermissionError:
            return 403, b""
        return 200, json.dumps({"result": result, "error": None, "id": call["id"]}).encode()

    def serve_on_top(self, block: Built) -> None:
        """Claim that this block is the newest one."""
        raw = block.raw.hex()
        header = block.header
        known = {
            block.hash: {
                "confirmations": 1, "height": block.height, "time": header.time, "previousblockhash": header.parent,
                "bits": f"{header.bits:08x}", "version": header.version, "chainwork": "ff" * 32,
            }
        }  # fmt: skip
        forged_header = encode_header(block.header).hex()
        chain = self.node.call("getblockchaininfo")
        changed = {"blocks": block.height, "headers": block.height, "bestblockhash": block.hash}
        said = {name: chain[name] for name in ("chain", "initialblockdownload")} | changed
        self.lies |= {
            "getbestblockhash": lambda: block.hash,
            "getblockcount": lambda: block.height,
            "getblockhash": lambda height: {block.height: block.hash}[height],
            "getblockchaininfo": lambda: said,
            "getblockheader": lambda own, verbose=True: known[own] if verbose else {block.hash: forged_header}[own],
            "getblock": lambda own, _: {block.hash: raw}[own],
        }

    def serve_other_coinbase(self, block_hash: str) -> None:
        """Send a block with another coinbase than the one that its header commits to."""
        raw = bytes.fromhex(self.node.call("getblock", block_hash, 0))
        block = decode_block(raw, height=0)
        other = replace(block.coinbase, script=block.coinbase.script + b"/other/")
        forged = encode_header(block.header) + b"\x01" + encode_coinbase(other)
        self.lies["getblock"] = lambda own, _: {block_hash: forged.hex()}[own]

    def _truth(self, body: bytes) -> tuple[int, bytes]:
        login = b64encode(self.node.cookie_file.read_bytes()).decode()
        with closing(HTTPConnection("127.0.0.1", self.node.port, timeout=60)) as connection:
            connection.request("POST", "/", body, {"Authorization": f"Basic {login}"})
            answer = connection.getresponse()
            return answer.status, answer.read()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def without_work(node: Bitcoind) -> Built:
    """A block on the node's tip with a hash above its target."""
    return _changed(_next(node), is_solved=False)


def with_bits(node: Bitcoind, bits: int) -> Built:
    """A block on the node's tip with work for another target than the one that is demanded."""
    return _changed(_next(node), bits=bits)


def _next(node: Bitcoind) -> Built:
    return build(parent_of(node, node.call("getbestblockhash")))


def _changed(block: Built, *, bits: int | None = None, is_solved: bool = True) -> Built:
    wanted = replace(block.header, bits=bits or block.header.bits)
    header = next(each for each in _mined(wanted) if (int(each.hash, 16) <= target(each.bits)) is is_solved)
    whole = encode_header(header)
    return Built(block.height, header, whole + block.raw[len(whole) :])


def _mined(header: Header) -> Any:  # noqa: ANN401
    return (decode_header(encode_header(replace(header, nonce=nonce))) for nonce in count())
