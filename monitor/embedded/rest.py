"""The REST interface: chain state, headers, blocks and parts of blocks.

It follows Bitcoin Core (doc/REST-interface.md): no credentials, and the suffix of the path selects the format.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from monitor.embedded.chain import Entry
from monitor.embedded.methods import Methods
from monitor.embedded.state import State
from monitor.wire import encode_header

MAX_HEADERS = 2000

_BINARY, _TEXT, _JSON = "application/octet-stream", "text/plain", "application/json"


@dataclass(frozen=True, slots=True)
class Answer:
    """Status and body of a response; the type is None for responses of a real node's HTTP library."""

    status: int
    content_type: str | None
    body: bytes


class _Refusal(Exception):  # noqa: N818 -- a response rather than an error
    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.answer = Answer(status, _TEXT, f"{message}\r\n".encode())


class Rest:
    """Answers REST requests."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._methods = Methods(state)
        self._routes: Mapping[str, Callable[[str, str, Mapping[str, str]], Answer]] = {
            "chaininfo": self._chaininfo,
            "headers/": self._headers,
            "block/": self._block,
            "blockhashbyheight/": self._blockhashbyheight,
            **({"blockpart/": self._blockpart} if state.blockpart else {}),
        }

    def answer(self, path: str, query: Mapping[str, str]) -> Answer:
        """The response for a path without `/rest/`."""
        prefix = next(filter(path.startswith, self._routes), None)
        if prefix is None:
            return Answer(404, None, b"")
        if self._state.warming_up:
            return Answer(503, _TEXT, b"Service temporarily unavailable: Loading block index\xe2\x80\xa6\r\n")
        self._state.asked[f"rest/{prefix.rstrip('/')}"] += 1
        subject, _, ending = path.removeprefix(prefix).partition(".")
        try:
            return self._routes[prefix](subject, ending, query)
        except _Refusal as refusal:
            return refusal.answer

    def _chaininfo(self, subject: str, ending: str, query: Mapping[str, str]) -> Answer:
        del subject, query
        if ending != "json":
            raise _Refusal(404, "output format not found (available: json)")
        return _json(self._methods.getblockchaininfo())

    def _headers(self, subject: str, ending: str, query: Mapping[str, str]) -> Answer:
        """`headers/<hash>.bin?count=N`, and the older `headers/N/<hash>.bin`: this block and those after it."""
        count_text, _, block = subject.rpartition("/")
        count_text = count_text or query.get("count", "5")
        if not re.fullmatch(r"[0-9]{1,9}", count_text) or not 1 <= int(count_text) <= MAX_HEADERS:
            raise _Refusal(400, f"Header count is invalid or out of acceptable range (1-{MAX_HEADERS}): {count_text}")
        entry = self._state.chain.find(_hash(block))
        headers: list[bytes] = []
        while entry and self._state.chain.is_active(entry) and len(headers) < int(count_text):
            headers.append(encode_header(entry.block.header))
            entry = self._state.chain.at(entry.height + 1)
        return _bytes(b"".join(headers), ending)

    def _block(self, subject: str, ending: str, query: Mapping[str, str]) -> Answer:
        del query
        return _bytes(self._stored(subject).block.raw, ending)

    def _blockpart(self, subject: str, ending: str, query: Mapping[str, str]) -> Answer:
        offset, size = _number("offset", query), _number("size", query)
        raw = self._stored(subject).block.raw
        if size == 0 or offset + size > len(raw):
            raise _Refusal(400, f"Bad block part offset/size {offset}/{size} for {subject}")
        return _bytes(raw[offset : offset + size], ending)

    def _blockhashbyheight(self, subject: str, ending: str, query: Mapping[str, str]) -> Answer:
        del query
        if not re.fullmatch(r"[0-9]{1,9}", subject):
            raise _Refusal(400, f"Invalid height: {subject}")
        entry = self._state.chain.at(int(subject))
        if entry is None:
            raise _Refusal(404, "Block height out of range")
        if ending == "json":
            return _json({"blockhash": entry.hash})
        if ending == "hex":
            return Answer(200, _TEXT, f"{entry.hash}\n".encode())
        return _bytes(bytes.fromhex(entry.hash)[::-1], ending)

    def _stored(self, subject: str) -> Entry:
        entry = self._state.chain.find(_hash(subject))
        if entry is None:
            raise _Refusal(404, f"{subject} not found")
        if entry.pruned:
            raise _Refusal(404, f"{subject} not available (pruned data)")
        return entry


def _hash(text: str) -> str:
    if not re.fullmatch("[0-9a-fA-F]{64}", text):
        raise _Refusal(400, f"Invalid hash: {text}")
    return text.lower()


def _number(name: str, query: Mapping[str, str]) -> int:
    text = query.get(name, "")
    if not re.fullmatch(r"[0-9]{1,19}", text):
        raise _Refusal(400, f"Block part {name} missing or invalid")
    return int(text)


def _bytes(content: bytes, ending: str) -> Answer:
    if ending == "bin":
        return Answer(200, _BINARY, content)
    if ending == "hex":
        return Answer(200, _TEXT, content.hex().encode() + b"\n")
    raise _Refusal(404, "output format not found (available: .bin, .hex, .json)")


def _json(content: object) -> Answer:
    return Answer(200, _JSON, json.dumps(content, separators=(",", ":")).encode() + b"\n")
