"""`attribute --explain`."""

import json
from io import StringIO
from typing import Any

from rich.console import Console

from monitor.cli.attribute.explain import Explainer, visible
from monitor.cli.attribute.explain_table import as_view
from monitor.cli.attribute.inputs import Given
from monitor.cli.attribute.rows import Judge
from monitor.model import Coinbase, Output
from monitor.registry.address import script_of
from monitor.registry.loading import load_registry

EXPLAINER = Explainer(Judge(load_registry()))
F2POOL = Output(9, script_of("1KFHE7w8BhaENAswwryaoccDb6qcT6DbYY", "main"))
BTCCOM = Output(1, script_of("1Bf9sZvBHPFGVPX71WX2njhd1NXKv5y7v5", "main"))
HUOBI = Output(1, script_of("1EepjXgvWUoRyNvuLSAxjiqZ1QqKGDANLW", "main"))
STRANGER = Output(1, b"\x51")


def explained(script: bytes, *outputs: Output) -> dict[str, Any]:
    return EXPLAINER.explain(Given(Coinbase(script, outputs), 840_000, 1_713_571_767))


def shown(found: dict[str, Any]) -> str:
    written = StringIO()
    Console(width=120, file=written).print(as_view(found))
    return written.getvalue()


def test_every_mark_is_told_with_its_rank_and_place() -> None:
    found = explained(b"/ViaBTC/Kano", BTCCOM, F2POOL)
    marks = [(each["pool_slug"], each["kind"], each["where"]) for each in found["explanation"]["marks"]]
    assert marks == [
        ("f2pool", "payout of at least half of the reward", "output 1: 0.00000009 BTC, 90.0% of the reward"),
        ("viabtc", "signature at the start of the text", "script"),
        ("btccom", "payout of at least 5 % of the reward", "output 0: 0.00000001 BTC, 10.0% of the reward"),
        ("kanopool", "generic tag, or one that its pool writes at the start", "script"),
    ]
    assert found["explanation"]["rule"].endswith("outranks signature at the start of the text")
    assert found["conflict"] is True


def test_the_rule_says_what_it_decided_against() -> None:
    assert explained(b"nothing")["explanation"]["rule"].startswith("no mark of a pool")
    rule = explained(b"/ViaBTC/")["explanation"]["rule"]
    assert rule == "signature at the start of the text: no evidence for another pool"
    assert explained(b"xx /Bixin/ /BTC.TOP/")["explanation"]["rule"] == "specific tag: the longest one"
    assert "upper and lower case" in explained(b"/VIABTC/")["explanation"]["rule"]
    assert "evenly divided" in explained(b"", F2POOL, BTCCOM._replace(value_sat=9))["explanation"]["rule"]
    dust = explained(b"", F2POOL, STRANGER._replace(value_sat=1000))
    assert (dust["pool_slug"], dust["explanation"]["rule"]) == (
        None,
        "only payout below 5 % of the reward, which does not decide",
    )


def test_custodians_commitments_and_covered_tags_are_told() -> None:
    found = explained(b"/ViaBTC/TATMAS Pool/\xfa\xbe\x6d\x6d" + bytes(32) + b"\1" + bytes(7), HUOBI)["explanation"]
    assert [each["name"] for each in found["custodians"]] == ["Huobi"]
    assert [each["to"][:6] for each in found["commitments"]] == ["AuxPoW"]
    assert found["covered"] == [{"pool_slug": "viabtc", "evidence": "/ViaBTC/"}]


def test_what_others_would_say_is_told_with_the_reason() -> None:
    mempool, crate = explained(b"/one_more_mcd/", HUOBI)["explanation"]["others"]
    assert (mempool["system"], mempool["pool_slug"], mempool["agrees"]) == ("mempool.space", "huobipool", False)
    assert "custodian Huobi" in mempool["why"]
    assert crate["system"] == "bitcoin-pool-identification"
    assert all(each["agrees"] for each in explained(b"/ViaBTC/")["explanation"]["others"])


def test_nothing_of_a_stranger_reaches_the_reader_unwashed() -> None:
    hostile = b"\x1b[2J\x07<script>[red]\xe2\x80\xae\r\n\x00Mined by \x1b]0;x\x07"
    found = explained(hostile, Output(0, b"\x6a\x1b[2J"))
    text = json.dumps(found, ensure_ascii=False)
    assert text.isprintable()
    assert "[red]" in shown(found)  # shown, not obeyed
    assert shown(found).replace("\n", "").isprintable()


def test_the_view_holds_together_for_people() -> None:
    text = shown(explained(b"/ViaBTC/", F2POOL))
    for word in (
        "F2Pool",
        "conflict",
        "confidence medium",
        "half of it while another pool signs",
        "Rule",
        "ViaBTC",
        "mempool.space",
        "bitcoin-pool-identification",
        "840000",
    ):
        assert word in text
    assert "error: no" in shown({"error": "no"})


def test_bytes_are_made_visible_one_by_one() -> None:
    assert visible(b"a\x00\xff\x7f~") == "a···~"
