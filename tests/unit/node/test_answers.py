"""Parts of answers, whatever JSON a node sends."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.examples import few

from monitor.errors import NodeBusy
from monitor.model import BlockHash
from monitor.node.answers import block_hash, bounded, number, understood

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


def test_a_hash_has_sixty_four_digits() -> None:
    assert block_hash("ab" * 32) == BlockHash("ab" * 32)


@pytest.mark.parametrize("value", ["", "ab", "AB" * 32, "zz" * 32, "ab" * 33, "ab" * 32 + "\n", 5, None, ["ab" * 32]])
def test_what_is_no_hash_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="64 hexadecimal digits"):
        block_hash(value)


@pytest.mark.parametrize("value", [-1, 1 << 32, 1.5, "1", None, 10**400, True, float("inf"), Decimal("1E+1000000")])
def test_a_number_fits_where_it_is_stored(value: object) -> None:
    assert number((1 << 32) - 1) == (1 << 32) - 1
    with pytest.raises(ValueError, match="32 bits"):
        number(value)


def test_a_signed_number_has_a_bit_less() -> None:
    assert number(-(1 << 31), signed=True) == -(1 << 31)
    with pytest.raises(ValueError, match="32 bits"):
        number(1 << 31, signed=True)


@pytest.mark.parametrize("text", ["Infinity", "-Infinity", "NaN", "1e30", "-1e1000000", "1" * 400, '[{"a": [1e99]}]'])
def test_numbers_that_cannot_be_calculated_with_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="infinite or too large"):
        bounded(json.loads(text, parse_float=Decimal))


def test_other_numbers_are_kept() -> None:
    answer = json.loads('{"a": [1, -2, 0.5, 1e-1000000, true, null, "1e30"]}', parse_float=Decimal)
    assert bounded(answer) == {"a": [1, -2, 0.5, 0.0, True, None, "1e30"]}


def test_texts_inside_an_answer_are_short_and_printable() -> None:
    data = "ab" * 1_000_000
    assert bounded(data) == data
    answer = bounded({"subversion": "\ud800x", "\x1b": [data]})
    assert answer["subversion"] == r"\ud800x"
    assert len(answer[r"\x1b"][0]) == 200


async def test_a_missing_key_is_named_in_plain_words() -> None:
    @understood
    async def ask() -> object:
        return dict[str, object]()["blocks"]

    with pytest.raises(NodeBusy, match=r"^the node's answer has another shape than expected: 'blocks' is missing$"):
        await ask()


@few
@given(JSON)
async def test_any_json_is_understood_or_a_passing_fault(answer: Any) -> None:  # noqa: ANN401
    @understood
    async def ask() -> object:
        return number(answer["height"]), block_hash(answer["hash"]), answer["tips"][0]["status"].upper()

    with pytest.raises(NodeBusy, match="another shape than expected"):
        await ask()


def test_raw_transactions_of_a_template_stay_whole() -> None:
    answer = {"transactions": [{"data": "ab" * 500, "hex": "cd" * 500, "name": "ab" * 500}], "data": "x" * 500}
    found = bounded(answer)
    (transaction,) = found["transactions"]
    assert transaction["data"] == "ab" * 500
    assert transaction["hex"] == "cd" * 500
    assert len(transaction["name"]) == 200
    assert len(found["data"]) == 200, "no data in hexadecimal"
