"""A node with a wallet, and blocks that a pool makes of what it is sent: the template's, or others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from monitor.model import Output
from monitor.wire import double_sha256
from support.bitcoind import Bitcoind
from support.blocks import Parent, Recipe, build, parent_of


class Wallet:
    """The wallet of a node that was started with `-disablewallet=0`, with many coins of one bitcoin."""

    def __init__(self, node: Bitcoind) -> None:
        self.node = node
        node.call("createwallet", "w")
        self.address = node.call("getnewaddress")
        node.call("generatetoaddress", 101, self.address)
        self.split(40)

    def split(self, count: int) -> None:
        """Make so many coins of one bitcoin, and mine them."""
        outputs = [{self.node.call("getnewaddress"): 1} for _ in range(count)]
        self.node.call("send", outputs, None, "unset", 5)
        self.node.call("generatetoaddress", 1, self.address)

    def send(self, fee_rate: float, *, to: str | None = None, data: bytes | None = None) -> str:
        """Send a transaction of one coin at a fee rate in sat/vB; its txid. It spends no unconfirmed output."""
        raw = self.make(fee_rate, to=to, data=data)
        txid: str = self.node.call("sendrawtransaction", raw)
        return txid

    def make(
        self,
        fee_rate: float,
        *,
        to: str | None = None,
        data: bytes | None = None,
        coin: Mapping[str, Any] | None = None,
    ) -> str:
        """A signed transaction that the node has not seen, in hex. Its coin is locked in the wallet."""
        coin = coin or next(each for each in self.node.call("listunspent", 1) if each["amount"] == 1)
        outputs: list[dict[str, Any]] = [{to or self.node.call("getnewaddress"): 0.5}]
        outputs += [{"data": data.hex()}] if data else []
        place = {"txid": coin["txid"], "vout": coin["vout"]}
        if place not in self.node.call("listlockunspent"):
            self.node.call("lockunspent", False, [place])  # noqa: FBT003 -- the node's own
        made = self.node.call(
            "send", outputs, None, "unset", fee_rate,
            {"inputs": [place], "add_to_wallet": False, "locktime": 0,  # one of 21 is against the policy of Knots
             "change_address": self.node.call("getrawchangeaddress")},
        )  # fmt: skip
        raw: str = made["hex"]
        return raw

    def template(self) -> dict[str, str]:
        """Raw transactions of the node's template by txid, in its order."""
        answer = self.node.call("getblocktemplate", {"rules": ["segwit", "signet"]})
        return {each["txid"]: each["data"] for each in answer["transactions"]}

    def mine(
        self, transactions: Iterable[str], *, tag: bytes = b"/Foundry USA Pool #dropgold/", payout: bytes | None = None
    ) -> str:
        """Mine a block with these raw transactions; its hash."""
        raws = [bytes.fromhex(each) for each in transactions]
        wtxids = [bytes(32), *map(double_sha256, raws)]
        commitment = double_sha256(_merkle(wtxids) + bytes(32))
        parent: Parent = parent_of(self.node, self.node.call("getbestblockhash"))
        script = payout or bytes.fromhex(self.node.call("getaddressinfo", self.address)["scriptPubKey"])
        recipe = Recipe(
            tag=tag, payout=script, extra=(Output(0, bytes.fromhex("6a24aa21a9ed") + commitment),),
            time=parent.time + 600, segwit=tuple((self._stripped(raw), raw) for raw in raws),
        )  # fmt: skip
        block = build(parent, recipe)
        refused = self.node.call("submitblock", block.raw.hex())
        assert refused is None, refused
        return block.hash

    def _stripped(self, raw: bytes) -> bytes:
        return bytes.fromhex(self.node.call("decoderawtransaction", raw.hex())["txid"])[::-1]


def _merkle(level: list[bytes]) -> bytes:
    while len(level) > 1:
        level += level[-1:] * (len(level) % 2)
        level = [double_sha256(level[at] + level[at + 1]) for at in range(0, len(level), 2)]
    return level[0]
