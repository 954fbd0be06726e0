"""Addresses to the scripts they stand for. Checksums and encodings are the business of the library `embit`."""

from __future__ import annotations

from embit import base58, bech32

_TEST = (b"\x6f", b"\xc4", "tb")
_PREFIXES = {
    "main": (b"\x00", b"\x05", "bc"),
    "testnet4": _TEST,
    "signet": _TEST,
    "regtest": (*_TEST[:2], "bcrt"),
}
NETWORKS = tuple(_PREFIXES)
"""As Bitcoin Core names them."""


def script_of(address: str, network: str) -> bytes:
    """The output script that pays `address`.

    Raises:
        ValueError: it is no address of this network.
    """
    key_hash, script_hash, human = _PREFIXES[network]
    try:
        if address.lower().startswith(human + "1"):
            version, program = bech32.decode(human, address)
            if version is not None:
                return bytes((version + 0x50 if version else 0, len(program))) + bytes(program)
        else:
            payload: bytes = base58.decode_check(address)
            if len(payload) == 21 and payload[:1] == key_hash:
                return b"\x76\xa9\x14" + payload[1:] + b"\x88\xac"
            if len(payload) == 21 and payload[:1] == script_hash:
                return b"\xa9\x14" + payload[1:] + b"\x87"
    except Exception:  # noqa: BLE001, S110 -- the library raises whatever its parts do; all of it means the same
        pass
    raise ValueError(f"'{printable(address[:100])}' is no address of {network}")


def printable(text: str) -> str:
    """`text` with everything that a terminal might act upon written out as an escape."""
    return "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in text)
