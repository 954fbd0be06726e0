"""Parts of answers, whatever JSON a node sends."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.examples import few

from monitor.errors import NodeBusy
from monitor.model import BlockHash
from monitor.node.answers import block_hash, number, understood

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


@pytest.mark.parametrize("value", [-1, 1 << 32, 1.5, "1", None, 10**400])
def test_a_number_fits_where_it_is_stored(value: object) -> None:
    assert number((1 << 32) - 1) == (1 << 32) - 1
    with pytest.raises(ValueError, match="32 bits"):
        number(value)


@few
@given(JSON)
async def test_any_json_is_understood_or_a_passing_fault(answer: Any) -> None:  # noqa: ANN401
    @understood
    async def ask() -> object:
        return number(answer["height"]), block_hash(answer["hash"]), answer["tips"][0]["status"].upper()

    with pytest.raises(NodeBusy, match="another shape than expected"):
        await ask()
