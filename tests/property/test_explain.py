"""An explanation of any coinbase is whole, true to the attribution, and safe to show."""

import json
from io import StringIO

from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from monitor.cli.attribute.explain import Explainer
from monitor.cli.attribute.explain_table import as_view
from monitor.cli.attribute.inputs import Given
from monitor.cli.attribute.rows import Judge
from monitor.model import Coinbase, Output
from monitor.registry import lists
from monitor.registry.address import script_of
from monitor.registry.loading import load_registry

JUDGE = Judge(load_registry())
EXPLAINER = Explainer(JUDGE)
LISTED = [pool for copy in lists.shipped_copies().values() for pool in copy.list.pools]
TAGS = sorted({tag.encode() for pool in LISTED for tag in pool.tags} | {tag.text for tag in JUDGE.registry.index.tags})
MAIN = sorted({address for pool in LISTED for address in pool.addresses if address.startswith(("1", "3", "bc1"))})
MARKS = [b"\xfa\xbe\x6d\x6d", b"RSKBLOCK:", b"Hath", b"\x1b[2J", "\u202e".encode(), b"\n", b"\0"]

tags = st.sampled_from(TAGS)
pieces = st.one_of(tags, tags.map(bytes.upper), tags.map(bytes.lower), st.sampled_from(MARKS), st.binary(max_size=9))
texts = st.lists(pieces, max_size=5).map(b"".join)
scripts = st.one_of(
    st.sampled_from(MAIN).map(lambda address: script_of(address, "main")), texts.map(lambda text: b"\x6a" + text)
)
outputs = st.lists(st.builds(Output, st.sampled_from([0, 546, 1000, 312_500_000]), scripts), max_size=3).map(tuple)


@given(st.builds(Coinbase, texts, outputs))
def test_it_holds_for_any_coinbase(coinbase: Coinbase) -> None:
    given_ = Given(coinbase, 840_000, 1_713_571_767)
    found = EXPLAINER.explain(given_)
    told = found["explanation"]
    row = JUDGE.row(given_)
    assert {key: found[key] for key in row} == row
    named = {(mark["pool_slug"], mark["method"], mark["evidence"]) for mark in told["marks"]}
    assert named == {tuple(candidate.values()) for candidate in row["candidates"]}
    assert all(mark["where"] for mark in told["marks"])
    for other in told["others"]:
        assert other["agrees"] is (other["pool_slug"] == row["pool_slug"]) is (other["why"] is None)
    assert json.dumps(found, ensure_ascii=False).isprintable()
    written = StringIO()
    Console(width=100, file=written).print(as_view(found))
    assert written.getvalue().replace("\n", "").isprintable()
