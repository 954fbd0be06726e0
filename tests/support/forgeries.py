"""What a worker, a customer or the builder of a coinbase can do to make a block look like another pool's."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path

from monitor.attribution.match import findings
from monitor.cli.attribute.inputs import Given, from_lines
from monitor.model import Coinbase, Method, Output, PoolSlug
from monitor.registry import PoolRegistry
from monitor.registry.address import script_of
from monitor.wire import after_height

GOLDEN = tuple(
    Path(__file__).parents[1] / "golden" / name for name in ("coinbases.jsonl.gz", "coinbases_2026.jsonl.gz")
)
UNSIGNED = Coinbase(b"\x03\x01\x02\x03unsigned", (Output(312_500_000, b"\x51"),))
"""No pool has signed it."""
_RIVALS = (
    "antpool", "binancepool", "braiinspool", "f2pool", "foundryusa", "luxor", "marapool", "ocean", "poolin", "secpool",
    "spiderpool", "viabtc", "whitepool",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rival:
    """A large pool that a block is to be given to."""

    slug: PoolSlug
    payout: bytes
    tag: bytes


@dataclass(frozen=True, slots=True)
class Forgery:
    """One way to do it."""

    name: str
    by: str
    """Who can."""
    costs: str
    apply: Callable[[Coinbase, bytes, Rival], Coinbase]
    """Makes the forged coinbase; the bytes are the tag that the coinbase is signed with."""


def rivals(registry: PoolRegistry) -> list[Rival]:
    """The pools that forgers choose."""
    pools = [registry.by_slug[PoolSlug(slug)] for slug in _RIVALS]
    specific = {tag.text.decode() for tag in registry.index.tags if not tag.generic}
    return [
        Rival(pool.slug, script_of(pool.addresses[0], "main"), max(specific.intersection(pool.tags), key=len).encode())
        for pool in pools
    ]


def coinbases() -> list[Coinbase]:
    """The golden ones, and one that no pool has signed."""
    lines = b"".join(gzip.decompress(path.read_bytes()) for path in GOLDEN)
    found = [each.coinbase for each in from_lines(BytesIO(lines), "main") if isinstance(each, Given)]
    assert len(found) == len(lines.splitlines())
    return [*found, UNSIGNED]


def signature(coinbase: Coinbase, registry: PoolRegistry) -> bytes:
    """The tag that a coinbase is signed with; empty where there is none."""
    texts = {(tag.pool, tag.evidence): tag.text for tag in registry.index.tags}
    tags = (mark.candidate for mark in findings(coinbase, registry).marks if mark.candidate.method is Method.TAG)
    return next((text for each in tags if (text := texts[each.pool, each.evidence]) in coinbase.script), b"")


# -- money -------------------------------------------------------------------------------------------------------------


def _pays(part: float) -> Callable[[Coinbase, bytes, Rival], Coinbase]:
    """So many satoshi, or a part of the reward as it is then; as the first output, as dust often is."""

    def apply(coinbase: Coinbase, _signed: bytes, rival: Rival) -> Coinbase:
        value = int(part if part >= 1 else coinbase.value_sat * part / (1 - part))
        return replace(coinbase, outputs=(Output(value, rival.payout), *coinbase.outputs))

    return apply


# -- text --------------------------------------------------------------------------------------------------------------


def _note(coinbase: Coinbase, _signed: bytes, rival: Rival) -> Coinbase:
    note = Output(0, b"\x6a" + bytes([len(rival.tag)]) + rival.tag)
    return replace(coinbase, outputs=(note, *coinbase.outputs))


def _worker(coinbase: Coinbase, _signed: bytes, rival: Rival) -> Coinbase:
    return replace(coinbase, script=coinbase.script + b"x/Mined by " + rival.tag + b"/")


def _account(coinbase: Coinbase, signed: bytes, rival: Rival) -> Coinbase:
    """Behind the pool's own tag without a delimiter, as at AntPool."""
    if not signed:
        return coinbase
    return replace(coinbase, script=coinbase.script.replace(signed, signed + rival.tag, 1))


def _datum(coinbase: Coinbase, signed: bytes, rival: Rival) -> Coinbase:
    names = (signed or b"unsigned") + b"\x0f" + rival.tag + b"\0"
    return _with_first(coinbase, bytes([len(names)]) + names)


def _stratum_v2(coinbase: Coinbase, signed: bytes, rival: Rival) -> Coinbase:
    return _with_first(coinbase, b"/".join((b"Sv2", signed.strip(b"/") or b"unsigned", rival.tag.strip(b"/"), b"")))


def _with_first(coinbase: Coinbase, text: bytes) -> Coinbase:
    at = after_height(coinbase.script)
    return replace(coinbase, script=coinbase.script[:at] + text + b"\0" + coinbase.script[at:])


def _extra_nonce(coinbase: Coinbase, signed: bytes, rival: Rival) -> Coinbase:
    signed_end = coinbase.script.rfind(signed) + len(signed)
    if len(rival.tag) > 8 or signed_end > len(coinbase.script) - len(rival.tag):
        return coinbase
    return replace(coinbase, script=coinbase.script[: -len(rival.tag)] + rival.tag)


def _signs(coinbase: Coinbase, _signed: bytes, rival: Rival) -> Coinbase:
    return replace(coinbase, script=coinbase.script[: after_height(coinbase.script)] + rival.tag)


def _reversed(coinbase: Coinbase, _signed: bytes, _rival: Rival) -> Coinbase:
    return replace(coinbase, outputs=coinbase.outputs[::-1])


def _all(*forgeries: Forgery) -> Callable[[Coinbase, bytes, Rival], Coinbase]:
    def apply(coinbase: Coinbase, signed: bytes, rival: Rival) -> Coinbase:
        for forgery in forgeries:
            coinbase = forgery.apply(coinbase, signed, rival)
        return coinbase

    return apply


PAYOUTS = (
    Forgery("1 sat to the rival", "builder", "1 sat", _pays(1)),
    Forgery("546 sat to the rival", "builder", "546 sat", _pays(546)),
    Forgery("0.1 % of the reward to the rival", "builder", "0.1 % of the reward", _pays(0.001)),
    Forgery("4.9 % of the reward to the rival", "builder", "4.9 % of the reward", _pays(0.049)),
)
NAMES = (
    Forgery("rival's tag as a worker's name", "worker", "nothing", _worker),
    Forgery("rival's tag as the second name by DATUM", "customer", "nothing", _datum),
    Forgery("rival's tag as the second name by Stratum V2", "customer", "nothing", _stratum_v2),
    Forgery("rival's tag in OP_RETURN", "builder", "nothing", _note),
)
REMARKS = (
    *PAYOUTS,
    *NAMES,
    Forgery(
        "dust, text in OP_RETURN and a worker's name at once", "builder", "547 sat", _all(*PAYOUTS[:2], *NAMES[::3])
    ),
    Forgery("outputs in reverse", "builder", "nothing", _reversed),
)
"""What decides nothing."""
CONTRADICTIONS = (
    Forgery("rival's tag right behind the pool's", "worker", "nothing", _account),
    Forgery("rival's tag in the extra nonce", "worker", "nothing", _extra_nonce),
)
"""What a signature outranks."""
PRICED = (
    Forgery("49 % of the reward to the rival", "builder", "49 % of the reward", _pays(0.49)),
    Forgery("51 % of the reward to the rival", "builder", "51 % of the reward", _pays(0.51)),
    Forgery("rival's tag in place of all text", "builder", "nothing but the own name", _signs),
)
"""What can give a block away."""
