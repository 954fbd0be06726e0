"""ZMQ notices: `hashblock` for every new tip, `sequence` for every block that joins or leaves the best chain.

A message has three parts: topic, body, and a sequence number per topic from 0 (4 bytes, little endian), by which a
reader notices lost messages. Hashes are in display order, unlike elsewhere on the wire. A real node also sends mempool
events under `sequence`; there is no mempool here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import zmq

from monitor.embedded.chain import Event, Step

HIGH_WATER_MARK = 1000
"""Bitcoin Core's own default."""


class Notices:
    """A publisher at an address; `*` as port chooses a free one."""

    def __init__(self, address: str) -> None:
        self._context = zmq.Context()
        self._socket = self._context.socket(zmq.PUB)
        self._socket.set_hwm(HIGH_WATER_MARK)
        self._sent: Counter[bytes] = Counter()
        try:
            self._socket.bind(address)
        except zmq.ZMQError as error:
            self.close()
            raise OSError(error.errno, f"cannot publish at {address}: {error}") from None
        self.address = self._socket.get_string(zmq.LAST_ENDPOINT).rstrip("\0")

    def describe(self) -> list[dict[str, object]]:
        """The answer of `getzmqnotifications`."""
        return [
            {"type": f"pub{topic}", "address": self.address, "hwm": HIGH_WATER_MARK}
            for topic in ("hashblock", "sequence")
        ]

    def publish(self, steps: Iterable[Step]) -> None:
        """Send to all subscribers. Never waits: a slow subscriber loses messages."""
        for step in steps:
            block = bytes.fromhex(step.hash)
            if step.event is Event.NEW_TIP:
                self._send(b"hashblock", block)
            else:
                self._send(b"sequence", block + step.event.value.encode())

    def close(self) -> None:
        """Stop publishing and free the address."""
        self._context.destroy(linger=0)

    def _send(self, topic: bytes, body: bytes) -> None:
        self._socket.send_multipart((topic, body, self._sent[topic].to_bytes(4, "little")))
        self._sent[topic] += 1
