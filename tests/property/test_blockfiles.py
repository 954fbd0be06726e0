"""Whatever bytes a block file has: its records, and a word about the rest."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from support.blockdir import REGTEST, chain, record, records

from monitor.node.blockrecords import Key, find_records

BLOCKS = chain(6)
KEYS = st.binary(min_size=8, max_size=8).map(Key)
PIECES = st.lists(
    st.one_of(
        st.binary(max_size=120),
        st.just(REGTEST),
        st.builds(record, st.binary(max_size=120)),
        st.integers(0, 5000).map(bytes),
        st.sampled_from(BLOCKS).map(lambda block: record(block.raw)),
    ),
    max_size=12,
).map(b"".join)


def found(raw: bytes, key: Key) -> list[tuple[int, int, str]]:
    """Where, how long, and whose hash."""

    def read(size: int, offset: int) -> bytes:
        return raw[offset : offset + size]

    table, lost = find_records(read, len(raw), 3, magic=REGTEST, key=key)
    assert all(0 <= each.offset < len(raw) for each in lost)
    places = zip(table["offset"].tolist(), table["length"].tolist(), strict=True)
    return [(*place, own.tobytes()[::-1].hex()) for place, own in zip(places, table["hash"], strict=True)]


@given(PIECES, KEYS)
def test_any_bytes_at_all(raw: bytes, key: Key) -> None:
    end = 0
    for offset, length, _ in found(raw, key):
        assert offset >= end + 8
        end = offset + length
    assert end <= len(raw)


@given(PIECES, KEYS)
def test_obfuscation_changes_nothing(plain: bytes, key: Key) -> None:
    assert key.undo(key.undo(plain, 5), 5) == plain
    assert found(key.undo(plain, 0), key) == found(plain, Key(bytes(8)))


@given(st.integers(0, len(records(BLOCKS))), KEYS)
def test_a_file_that_ends_anywhere_has_the_blocks_before(end: int, key: Key) -> None:
    whole = records(BLOCKS)
    starts = [whole.index(block.raw) for block in BLOCKS]
    there = [block.hash for start, block in zip(starts, BLOCKS, strict=True) if start + len(block.raw) <= end]
    assert [own for _, _, own in found(key.undo(whole[:end], 0), key)] == there


@given(st.binary(max_size=60).filter(lambda noise: REGTEST[0] not in noise), st.integers(0, 6), KEYS)
def test_noise_between_records_costs_none_of_them(noise: bytes, at: int, key: Key) -> None:
    raw = records(BLOCKS[:at]) + noise + records(BLOCKS[at:])
    assert [own for _, _, own in found(key.undo(raw, 0), key)] == [block.hash for block in BLOCKS]
