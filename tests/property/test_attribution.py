"""Whatever bytes a miner writes: no crash, bounded answers, and never a word that is not the registry's."""

import io
import json
import random
import string

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from monitor.attribution import attribute
from monitor.attribution.inner_miners import datum, inner_miner, mined_by, stratum_v2
from monitor.cli.attribute.inputs import from_lines
from monitor.cli.attribute.rows import Judge
from monitor.model import Coinbase, Output, PoolSlug
from monitor.registry import PoolRegistry
from monitor.registry.loading import load_pools, load_registry

REGISTRY = load_pools()
JUDGE = Judge(load_registry())
TAGS = [tag.text for tag in REGISTRY.index.tags]
SCRIPTS = list(REGISTRY.index.payees)
EVIDENCE = {tag.evidence for tag in REGISTRY.index.tags} | {payee.address for payee in REGISTRY.index.payees.values()}
MARKS = [b"\xfa\xbemm", b"RSKBLOCK:", b"Hath", b"Mined by ", b"\x0f", b"\x6a", b"\x03\x0f\x85\x0d"]
NAME_LETTERS = set(string.ascii_letters + string.digits + " ._@#+-")

scripts = st.lists(st.sampled_from(TAGS) | st.sampled_from(MARKS) | st.binary(max_size=40), max_size=8).map(b"".join)
outputs = st.lists(
    st.builds(Output, st.integers(0, 10**9), st.sampled_from(SCRIPTS) | scripts | scripts.map(lambda s: b"\x6a" + s)),
    max_size=5,
).map(tuple)
coinbases = st.builds(Coinbase, scripts, outputs)


def shuffled(seed: int) -> PoolRegistry:
    order = random.Random(seed)  # noqa: S311 -- an order, not a secret
    pools = list(REGISTRY.by_slug.values())
    order.shuffle(pools)
    return PoolRegistry.of(pools, reversed(REGISTRY.custodians))


@pytest.fixture(scope="module", params=range(3))
def reordered(request: pytest.FixtureRequest) -> PoolRegistry:
    return shuffled(request.param)


@given(coinbase=coinbases)
def test_order_in_the_registry_never_matters(reordered: PoolRegistry, coinbase: Coinbase) -> None:
    assert attribute(coinbase, reordered) == attribute(coinbase, REGISTRY)


@given(coinbase=coinbases)
def test_order_of_outputs_never_matters(coinbase: Coinbase) -> None:
    backward = Coinbase(coinbase.script, coinbase.outputs[::-1])
    assert attribute(coinbase, REGISTRY).candidates == attribute(backward, REGISTRY).candidates


@given(coinbase=coinbases)
def test_answers_speak_the_registrys_words(coinbase: Coinbase) -> None:
    found = attribute(coinbase, REGISTRY)
    assert all(c.pool in REGISTRY.by_slug and c.evidence in EVIDENCE for c in found.candidates)
    assert len({c.pool for c in found.candidates}) > 1 or not found.conflict
    assert len(found.candidates) <= len(coinbase.outputs) + len(TAGS)
    if found.pool is not None:
        first = found.candidates[0]
        assert (found.pool, found.method, found.evidence) == (first.pool, first.method, first.evidence)
    else:
        assert (found.pool, found.method, found.evidence) == (None, None, "")
    assert found.miner is None or (set(found.miner) <= NAME_LETTERS and 0 < len(found.miner) <= 40)


@example(script=b"\x03\x0f+")  # the shortest with a name by DATUM
@given(script=st.binary(max_size=300) | scripts)
def test_decoders_take_any_bytes(script: bytes) -> None:
    for name in (datum(script), stratum_v2(script), *(mined_by(script, p) for p in (None, PoolSlug("antpool")))):
        assert name is None or (set(name) <= NAME_LETTERS and 0 < len(name) <= 40)
    assert inner_miner(script, None) in {None, datum(script), stratum_v2(script)} or b"ined by " in script


def test_a_huge_hostile_coinbase_is_cheap() -> None:
    text = b"KanoEMC binance" * 200_000
    found = attribute(Coinbase(text, (Output(1, b"\x6a" + text),) * 3), REGISTRY)
    assert len(found.candidates) < 10


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
outputs_json = st.lists(
    st.fixed_dictionaries({}, optional={"script_hex": json_values, "address": json_values, "value_sat": json_values}),
    max_size=3,
)
entries = st.fixed_dictionaries(
    {},
    optional={
        "script_hex": st.binary(max_size=100).map(bytes.hex) | json_values,
        "raw_tx_hex": st.binary(max_size=100).map(bytes.hex) | json_values,
        "outputs": outputs_json | json_values,
    },
)
lines = st.binary(max_size=60).map(lambda line: line.replace(b"\n", b"")) | entries.map(
    lambda e: json.dumps(e).encode()
)


@given(given_lines=st.lists(lines, max_size=6))
def test_every_line_has_its_answer_in_its_place(given_lines: list[bytes]) -> None:
    stream = io.BytesIO(b"".join(line + b"\n" for line in given_lines))
    rows = list(map(JUDGE.row, from_lines(stream, "main")))
    assert len(rows) == len(given_lines)
    for row in rows:
        assert ("error" in row) != ("pool_slug" in row)
        assert json.dumps(row).isprintable()
        assert row.get("error", "").isprintable()
