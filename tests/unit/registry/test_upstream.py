"""Lists as others publish them."""

from typing import Any

import pytest

from monitor.errors import RegistryError
from monitor.registry.upstream import Listed, read

GOOD: dict[str, Any] = {"id": 1, "name": "Red", "addresses": ["a"], "tags": ["/Red/"], "link": "https://red.example"}


def test_a_list_is_read_in_its_order() -> None:
    found = read([GOOD, {**GOOD, "name": "Blue"}], "mempool")
    assert found.pools == (
        Listed("Red", ("a",), ("/Red/",), "https://red.example"),
        Listed("Blue", ("a",), ("/Red/",), "https://red.example"),
    )
    assert not found.notes


def test_a_key_that_nobody_knows_is_left_out_with_a_note() -> None:
    found = read([{**GOOD, "regexes": [], "slug": "rot"}], "mempool")
    assert found.pools[0].slug == "red"
    assert found.notes == ("list mempool: left out what is under 'regexes', 'slug'",)


def test_a_link_may_be_missing_and_marks_may_be_listed_twice() -> None:
    pool = {"name": "Red", "addresses": [], "tags": ["x", "x"]}
    assert read([pool], "mempool").pools == (Listed("Red", (), ("x",), ""),)


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({}, "array of 1 to"),
        ([], "array of 1 to"),
        (["Red"], "must be an object"),
        ([{**GOOD, "name": 5}], "name must be"),
        ([{**GOOD, "name": "x" * 1000}], "name must be"),
        ([{**GOOD, "name": "a\u202eb"}], "name must be"),
        ([{**GOOD, "name": "鱼"}], "no slug"),
        ([{**GOOD, "tags": "/Red/"}], "tags must be"),
        ([{**GOOD, "addresses": [5]}], "addresses must be"),
        ([{**GOOD, "addresses": [""]}], "addresses must be"),
        ([{"name": "Red", "tags": []}], "addresses must be"),
        ([{**GOOD, "link": ["x"]}], "link must be"),
    ],
)
def test_another_type_is_refused_with_the_place(document: object, said: str) -> None:
    with pytest.raises(RegistryError, match="list mempool") as refused:
        read(document, "mempool")
    assert said in str(refused.value)
    assert str(refused.value).isprintable()
