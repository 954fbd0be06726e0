"""Text from outside."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st
from support.examples import few

from monitor.errors import NodeError
from monitor.text import ENCODABLE, excerpt

ANY = st.text(st.characters())


@few
@given(ANY, st.integers(1, 50))
def test_an_excerpt_is_short_printable_and_can_be_encoded(text: str, most: int) -> None:
    found = excerpt(text, most)
    assert len(found) <= most
    assert found.isprintable()
    found.encode()


def test_an_ordinary_text_is_kept() -> None:
    assert excerpt("/Satoshi:31.0.0/ grüßt", 22) == "/Satoshi:31.0.0/ grüßt"
    assert excerpt("/Satoshi:31.0.0/", 5) == "/Sat…"
    assert excerpt("\ud800\x1b[2J", 50) == r"\ud800\x1b[2J"


def test_an_error_that_quotes_a_node_is_short_and_keeps_its_remedy() -> None:
    error = NodeError("\ud800" * 3_000_000, remedy="check\nnode.url")
    assert len(error.problem) == 500
    assert str(error).endswith("…; check\nnode.url")


def test_what_an_encoding_lacks_is_written_with_marks_that_it_has() -> None:
    assert "│ 7 % ▕██▌ ─ …".encode("ascii", ENCODABLE) == b"| 7 % #### - ..."
    assert json.loads(json.dumps("Größe 七 🐟", ensure_ascii=False).encode("ascii", ENCODABLE)) == "Größe 七 🐟"
    assert "Größe 七".encode("latin-1", ENCODABLE) == b"Gr\xf6\xdfe \\u4e03"
