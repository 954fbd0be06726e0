"""What must hold of the decoders whatever bytes they are given; shared by the property tests and the fuzzer."""

from __future__ import annotations

from contextlib import suppress

from monitor.errors import WireError
from monitor.wire import (
    decode_block,
    decode_coinbase,
    decode_outputs,
    encode_coinbase,
    encode_compact,
    encode_header,
    encode_outputs,
)


def check_block(data: bytes) -> None:
    """A block that is read is written as it was read; anything else is a `WireError`."""
    with suppress(WireError):
        block = decode_block(data, height=0)
        written = encode_header(block.header) + encode_compact(block.tx_count)
        assert data.startswith(written)
        check_coinbase(data[len(written) :])


def check_coinbase(data: bytes) -> None:
    """The same of a coinbase, as far as it has no witness: that is skipped."""
    with suppress(WireError):
        coinbase, end = decode_coinbase(data)
        assert 0 < end <= len(data)
        if data[4]:
            assert encode_coinbase(coinbase) == data[:end]
        else:
            assert len(encode_coinbase(coinbase)) < end


def check_outputs(data: bytes) -> None:
    """The same of a list of outputs."""
    with suppress(WireError):
        outputs, end = decode_outputs(data)
        assert encode_outputs(outputs) == data[:end]
