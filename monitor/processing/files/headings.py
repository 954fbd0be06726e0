"""What the columns of a file mean, by their names in several languages."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from re import sub
from typing import Final, Literal, TypeAlias, get_args

from monitor.errors import InputError

Role: TypeAlias = Literal["height", "time", "pool", "count", "share"]
ROLES: Final[tuple[Role, ...]] = get_args(Role)

_NAMES: Final[Mapping[Role, str]] = {
    "height": """height blockheight block blocknumber blockno blocknum number
        höhe blockhöhe hoehe blockhoehe hauteur altura altezza hoogte wysokość yükseklik высота 高度 区块高度 區塊高度
        ブロック高 높이 블록높이""",
    "time": """time timestamp blocktime blocktimestamp headertime datetime date minedat mediantime
        zeit zeitstempel datum heure horodatage fecha fechayhora hora data datahora ora dataeora tijd czas tarih
        время дата 时间 時間 时间戳 日期 日時 시간 날짜""",
    "pool": """pool poolslug extraspoolslug slug poolname extraspoolname miningpool miner minername guessedminer
        minedby entity name mineur minero mineria minerador minatore
        пул майнер 矿池 礦池 矿工 マイニングプール プール 채굴풀 풀""",
    "count": """blocks blockcount count blocksmined minedblocks blocksfound numblocks nblocks
        anzahl blöcke bloecke blocs bloques blocos blocchi blokken блоки 区块数 出块数 ブロック数 블록수""",
    "share": """share sharepercent percent percentage pct shareratio hashrateshare hashrateratio poolshare marketshare
        anteil part cuota quota participación participação aandeel udział доля 占比 份额 比例 シェア 점유율""",
}
"""The usual names of each column, the preferred ones first."""
_WANTED: Final = {"height": "block heights", "time": "times", "pool": "pools"}
_SERIAL: Final = "id"
"""The height in some explorers' files of blocks, if there are times; elsewhere any number."""


def known(names: Iterable[str]) -> int:
    """How many of these names have a meaning here."""
    usual = {word for words in _NAMES.values() for word in words.split()}
    return sum(_plain(name) in usual for name in names)


def roles(names: Sequence[str], chosen: Mapping[Role, str], file: Path) -> dict[Role, str]:
    """The column of each role that the file has.

    Args:
        names: the columns of the file.
        chosen: columns that the user has named.
        file: for messages.

    Raises:
        InputError: the chosen column does not exist, or several columns have the same right to a role.
    """
    found: dict[Role, str] = {}
    for role in ROLES:
        matching = _chosen(names, chosen[role]) if role in chosen else _usual(names, role)
        if len(matching) > 1:
            raise InputError(
                f"{file} has several columns of {_WANTED.get(role, role)}: {', '.join(matching)}",
                remedy=f"choose one with --columns {role}=NAME, or rename one if they are equal",
            )
        if matching:
            found[role] = matching[0]
        elif role in chosen:
            raise missing(role, names, file, wanted=chosen[role])
    if "height" not in found and "time" in found and (serial := [name for name in names if _plain(name) == _SERIAL]):
        found["height"] = serial[0]
    return found


def missing(role: Role, names: Sequence[str], file: Path, *, wanted: str | None = None) -> InputError:
    """The error for a column that is needed and not there."""
    what = f"no column {wanted!r}" if wanted else f"no column of {_WANTED.get(role, role)}"
    return InputError(
        f"{file} has {what}; its columns are: {', '.join(names)}", remedy=f"name it with --columns {role}=NAME"
    )


def _chosen(names: Sequence[str], wanted: str) -> list[str]:
    exact = [name for name in names if name == wanted]
    return exact or [name for name in names if name.strip().casefold() == wanted.strip().casefold()]


def _usual(names: Sequence[str], role: Role) -> list[str]:
    plain = [_plain(name) for name in names]
    for word in _NAMES[role].split():
        if matching := [name for name, each in zip(names, plain, strict=True) if each == word]:
            return matching
    return []


def _plain(name: str) -> str:
    """A name without case, spaces, punctuation and units: `Block Time (UTC)` is `blocktime`."""
    text = unicodedata.normalize("NFKC", name).casefold().replace("%", " percent ")
    text = text if (bare := sub(r"\([^)]*\)", "", text)).strip() == "" else bare
    return "".join(filter(str.isalnum, text)).removesuffix("utc")
