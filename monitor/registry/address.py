"""Addresses to the scripts they stand for, and back. Checksums and encodings are left to the library `embit`."""

from __future__ import annotations

from embit import base58, bech32

from monitor.text import printable

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
        ValueError: it is not an address of this network.
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
    raise ValueError(f"'{printable(address[:100])}' is not an address of {network}")


def address_of(script: bytes, network: str) -> str | None:
    """The address of an output script; None for a script that has none, such as a bare public key."""
    key_hash, script_hash, human = _PREFIXES[network]
    if len(script) == 25 and script.startswith(b"\x76\xa9\x14") and script.endswith(b"\x88\xac"):
        return str(base58.encode_check(key_hash + script[3:23]))
    if len(script) == 23 and script.startswith(b"\xa9\x14") and script.endswith(b"\x87"):
        return str(base58.encode_check(script_hash + script[2:22]))
    if 4 <= len(script) <= 42 and script[0] in (0, *range(0x51, 0x61)) and script[1] == len(script) - 2:
        return bech32.encode(human, script[0] and script[0] - 0x50, script[2:])  # type: ignore[no-any-return]
    return None
