"""Who inside a pool found the block, where the coinbase says so: by the conventions of pool software, for every pool.

Whatever a miner writes here is shown to people and machines, so what comes out is short and holds nothing but ASCII
letters, digits, blanks and `._-@#+`: nothing that a terminal, a page, a label or a topic could act upon.
"""

from __future__ import annotations

import re

from monitor.attribution.layout import datum_names, slashed_names, stratum_v2_names
from monitor.model import PoolSlug

_MAX_LETTERS = 40
_FORBIDDEN = re.compile(r"[^A-Za-z0-9 ._@#+-]+")
_MINED_BY = b"ined by "
"""Without its first letter, which comes in both cases."""
_WORKER = re.compile(rb"[A-Za-z0-9 ._@#+-]{1,40}")


def inner_miner(script: bytes, pool: PoolSlug | None) -> str | None:
    """The miner's name in a coinbase script of this pool; None where there is none."""
    if _MINED_BY in script:
        return mined_by(script, pool)
    return datum(script) or stratum_v2(script)


def datum(script: bytes) -> str | None:
    """The builder of a template by DATUM: the last of the names behind the pool's own."""
    found = datum_names(script)
    if found is None or not _is_utf8(found[0]):
        return None  # noise, as behind the tags of AntPool's software, is hardly ever UTF-8
    names = reversed(found["miner"].split(b"\x0f"))
    return next(filter(None, map(_clean, names)), None)


def stratum_v2(script: bytes) -> str | None:
    """The miner who declared the job by Stratum V2."""
    found = stratum_v2_names(script) or slashed_names(script)
    return _clean(found["miner"]) if found else None


def mined_by(script: bytes, pool: PoolSlug | None) -> str | None:
    """The worker in `Mined by worker`, unless that is the pool itself."""
    found = _WORKER.match(script, script.find(_MINED_BY) + len(_MINED_BY))
    name = _clean(found[0]) if found else None
    if name and pool and re.sub(r"[^a-z0-9]", "", name.lower()).startswith(pool):
        return None
    return name


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


def _clean(name: bytes) -> str | None:
    text = _FORBIDDEN.sub("", name.decode("ascii", "ignore"))
    return " ".join(text.split())[:_MAX_LETTERS].strip() or None
