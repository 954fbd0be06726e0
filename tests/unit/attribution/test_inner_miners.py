"""Names inside pools, most of them from real coinbases."""

import string

import pytest

from monitor.attribution.inner_miners import datum, inner_miner, mined_by, stratum_v2
from monitor.model import PoolSlug

HEIGHT = b"\x03\x0f\x85\x0d"


@pytest.mark.parametrize(
    ("rest", "name"),
    [
        (b"\x1e< OCEAN.XYZ >\x0fElektron Energy\x00\x07\x15\\\xb4\x84\xe5`\x0f", "Elektron Energy"),
        (b"\x16< OCEAN.XYZ >\x0f\x0f2CR_B2\x00\x02\x86b", "2CR_B2"),
        (b"\x1e< OCEAN.XYZ >\x0fBRENT and ALLIE\x00\x07\x12\x92\x10F^\xd5^", "BRENT and ALLIE"),
        (b"\x4c\x16< OCEAN.XYZ >\x0fPenguin\x00\x07", "Penguin"),
        (b"\x0d< OCEAN.XYZ >", None),
        (b"\x0e< OCEAN.XYZ >\x0f", None),
        (b"\x1cMined by AntPool \x0fabcdefgh\x11\x12\xf1", None),
        (b"", None),
        (b"\xff", None),
    ],
)
@pytest.mark.parametrize("pool", [PoolSlug("ocean"), PoolSlug("datumpool"), None])
def test_template_builders_by_datum(rest: bytes, name: str | None, pool: PoolSlug | None) -> None:
    assert datum(HEIGHT + rest) == name
    if b"Mined by" not in rest:
        assert inner_miner(HEIGHT + rest, pool) == name


@pytest.mark.parametrize(
    ("rest", "name"),
    [
        (b"\0/DMND/GoMining/\0abc", "GoMining"),
        (b"\0/DMND/\0", None),
        (b"/DMND/x/", None),
        (b"/pool/a miner/\x08nonce678", "a miner"),
        (b"/Stratum V2 SRI Pool//\x08nonce678", None),
        (b"Sv2/pool/miner/\x08nonce678", "miner"),
        (b"\x0fSv2/pool/miner/", "miner"),
        (b"Sv2/pool//\x08nonce678", None),
        (b"\x04\x8d\x68\x5b\x68/Foundry USA Pool #dropgold/O/\xfa\xbe", None),
        (b"\x1a/poolin.com/fp/954\xe5\0Y", None),
        (b"", None),
    ],
)
def test_jobs_declared_by_stratum_v2(rest: bytes, name: str | None) -> None:
    assert stratum_v2(HEIGHT + rest) == name
    assert inner_miner(HEIGHT + rest, PoolSlug("dmnd")) == name
    assert inner_miner(HEIGHT + rest, None) == name


def test_votes_in_slashes_are_no_miners() -> None:
    assert stratum_v2(b"\x03\x17\x5a\x07/BTC.TOP/NYA/\x08") is None


@pytest.mark.parametrize(
    ("script", "pool", "name"),
    [
        (b"/ViaBTC/Mined by javidsaeid7073/,\xfa\xbemm", "viabtc", "javidsaeid7073"),
        (b"\xf0\x9f\x90\x9f\x15Mined by chenguanghai\0\0", "f2pool", "chenguanghai"),
        (b"/mined by gbminers/", "gbminers", None),
        (b"\x1bMined by AntPool970M\0C", "antpool", None),
        (b"     Mined by Secpool    p\0", "secpool", None),
        (b"Mined by ", None, None),
        (b"Mined by \x1b[31m", None, None),
        (b"Mined by somebody", None, "somebody"),
    ],
)
def test_workers_who_sign(script: bytes, pool: PoolSlug | None, name: str | None) -> None:
    assert mined_by(script, pool) == name
    assert inner_miner(script, pool) == name


@pytest.mark.parametrize(
    "hostile",
    ["\x1b[2J", "<script>alert(1)</script>", "a\nb\rc", "\u202eevil", "ü" * 100, '"}{', "topic/#/+", "x" * 99],
)
def test_whatever_is_written_comes_out_harmless_and_short(hostile: str) -> None:
    text = hostile.encode()
    allowed = set(string.ascii_letters + string.digits + " ._@#+-")
    for script in (
        HEIGHT + bytes([min(len(text) + 14, 255)]) + b"< OCEAN.XYZ >\x0f" + text,
        HEIGHT + b"\0/DMND/" + text + b"/\0",
        b"Mined by " + text,
    ):
        for pool in (*map(PoolSlug, ("ocean", "dmnd", "viabtc")), None):
            name = inner_miner(script, pool)
            assert name is None or (set(name) <= allowed and 0 < len(name) <= 40)
