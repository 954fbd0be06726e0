"""Why another system names another pool."""

from typing import Any

import pytest

from monitor.attribution import attribute
from monitor.attribution.comparison import Contrast
from monitor.attribution.foreign_rules import CrateRules, MempoolRules
from monitor.model import Coinbase, Output, PoolSlug
from monitor.registry import Custodian, Kind, Pool, PoolRegistry
from monitor.registry.address import script_of
from monitor.registry.decisions import Decisions
from monitor.registry.upstream import Listed, PoolList

A, B = "1KFHE7w8BhaENAswwryaoccDb6qcT6DbYY", "1Bf9sZvBHPFGVPX71WX2njhd1NXKv5y7v5"
C = "1BoatSLRHtKNngkdXEeobR76b53LETtpyT"
"""Nobody's here."""


def pool(name: str, *tags: str, addresses: tuple[str, ...] = (), plain: tuple[str, ...] = ()) -> Pool:
    return Pool(PoolSlug(name.lower()), name, Kind.POOL, addresses=addresses, tags=tags, plain_tags=plain)


OURS = PoolRegistry.of(
    [
        pool("Red", "/Red/", "鱼鱼", addresses=(A,)),
        pool("Blue", "/Blue/", "/Blue/Sky/", addresses=(B,)),
        pool("Ducky", "/Blue/Sky/Duck"),
        pool("Grey", plain=("grey",)),
    ],
)


def why(
    kind: type[MempoolRules] | type[CrateRules],
    listed: list[Listed],
    script: bytes,
    *paid: tuple[str, int],
    decisions: dict[str, Any] | None = None,
    registry: PoolRegistry = OURS,
) -> str | None:
    rules = kind(PoolList("test", tuple(listed)))
    coinbase = Coinbase(script, tuple(Output(value, script_of(address, "main")) for address, value in paid))
    contrast = Contrast(rules, registry, Decisions.of(decisions or {}))
    return contrast.why(coinbase, attribute(coinbase, registry), rules.judge(coinbase))


RED, BLUE = Listed("Red", (A,), ("/Red/", "鱼鱼")), Listed("Blue", (B,), ("/Blue/",))


def test_there_is_no_reason_where_there_is_no_difference() -> None:
    assert why(MempoolRules, [RED], b"/Red/", (A, 1)) is None
    assert why(CrateRules, [RED], b"nothing") is None


def test_one_pool_under_two_names_is_no_difference() -> None:
    same = {"same": [{"slug": "red", "other": "rot", "reason": "one pool"}]}
    assert why(CrateRules, [Listed("Rot", (A,), ())], b"", (A, 1), decisions=same) is None


@pytest.mark.parametrize(
    ("kind", "listed", "script", "paid", "said"),
    [
        (CrateRules, [BLUE], b"", [(A, 1)], f"does not know the address {A}"),
        (CrateRules, [BLUE], b"/Red/", [], "does not know the tag '/Red/'"),
        (MempoolRules, [RED], "鱼鱼".encode(), [], "outside ASCII is never found"),
        (CrateRules, [Listed("Blue", (), ("/Blue/Sky/",))], b"/blue/sky/", [], "distinguishes upper and lower case"),
        (MempoolRules, [RED, BLUE], b"/Red/", [(B, 9)], "its list has that pool first"),
        (CrateRules, [Listed("Red", (), ("/Red/",))], b"/Red/", [(B, 9)], "its list does not know the address"),
        (CrateRules, [RED, BLUE], b"", [(A, 1), (B, 9)], "the smallest output first"),
        (MempoolRules, [RED, BLUE], b"", [(A, 1), (B, 9)], "its list's order"),
        (CrateRules, [RED, BLUE], b"xx /Red//Blue/", [], "it takes '/Red/', first in its list"),
        (CrateRules, [RED], b"/pool/Mined by /Red/", [], "stands where a worker or customer can write"),
        (CrateRules, [RED, BLUE], b"/Red/", [(B, 1), (C, 99)], f"{B} gets too little of the reward to decide"),
        (CrateRules, [Listed("Grey", (), ("grey",)), RED], b"grey/Red/", [], "then the more specific, then longer"),
        (MempoolRules, [Listed("Grey", (), ("grey",))], b"GREY", [], "only for long tags"),
        (MempoolRules, [Listed("Red", (), ("/R.d/",))], b"/Rad/", [], "matches other text"),
        (CrateRules, [RED], b"/R\ned/", [], "leaves line feeds out"),
        (CrateRules, [RED, BLUE], b"", [(A, 0), (B, 9)], "an output without value"),
        (CrateRules, [Listed("Red", (C,), ())], b"xx /Red//Blue/", [(C, 9)], f"its list gives the address {C} to red"),
        (CrateRules, [BLUE], b"\x03abc\x24Hath" + b"/Blue/".ljust(32, b"\x01"), [], "inside a commitment"),
        (CrateRules, [BLUE], b"/Blue/Sky/Duck", [], "only a part of the tag '/Blue/Sky/Duck'"),
    ],
)
def test_the_reason_names_what_made_the_difference(
    kind: type[MempoolRules] | type[CrateRules],
    listed: list[Listed],
    script: bytes,
    paid: list[tuple[str, int]],
    said: str,
) -> None:
    found = why(kind, listed, script, *paid)
    assert found is not None
    assert said in found


def test_what_was_decided_is_the_reason() -> None:
    registry = PoolRegistry.of([pool("Red", "/Red/")], [Custodian("Bank", (A,))])
    bank = {"custodian": [{"name": "Bank", "addresses": [A], "reason": "it pays for many"}]}
    found = why(CrateRules, [RED], b"", (A, 1), decisions=bank, registry=registry)
    assert found == f"it takes address '{A}' for red's; here it is the custodian Bank's: it pays for many"


def test_a_tag_in_an_output_names_no_pool_here_or_there() -> None:
    coinbase = Coinbase(b"", (Output(0, b"\x6a\x05/Red/"),))
    rules = CrateRules(PoolList("test", (RED,)))
    assert Contrast(rules, OURS, Decisions()).why(coinbase, attribute(coinbase, OURS), rules.judge(coinbase)) is None
