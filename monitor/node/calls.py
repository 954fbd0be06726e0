"""Every RPC call that is made: the type checker lets no other pass, and the whitelist for bitcoind is made of it."""

from __future__ import annotations

from typing import Literal, get_args

Call = Literal[
    "getbestblockhash",
    "getblock",
    "getblockchaininfo",
    "getblockcount",
    "getblockhash",
    "getblockheader",
    "getnetworkinfo",
    "getzmqnotifications",
    "waitfornewblock",
]

CALLS: tuple[Call, ...] = get_args(Call)
