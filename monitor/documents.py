"""Reads text files and TOML from any source, with limits on size, depth and time."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any, Final

MAX_BYTES: Final = 4_000_000
"""Of a file: a hundred times the largest one that is shipped."""
_MAX_DOTS: Final = 100
"""In a line, outside of strings: the time that tomllib takes for a dotted key grows with the square of its length."""
_STRING = re.compile(r'"(?:[^"\\\n]|\\.)*"|' + r"'[^'\n]*'")


def read_text(path: Path) -> str:
    """The text of a file, without a byte order mark.

    Raises:
        OSError: it cannot be read, or is too long.
        UnicodeDecodeError: it is not UTF-8.
    """
    with path.open("rb") as file:
        data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise OSError(f"more than {MAX_BYTES:,} bytes")
    return data.decode("utf-8-sig")


class TomlError(ValueError):
    """It is no TOML that we read."""


def parse_toml(text: str) -> dict[str, Any]:
    """The content of TOML.

    Raises:
        TomlError: it is not valid, or too deep, or has a number of too many digits.
    """
    for number, line in enumerate(_STRING.sub("", text).split("\n"), start=1):
        if line.partition("#")[0].count(".") > _MAX_DOTS:
            raise TomlError(f"a key of more than {_MAX_DOTS} parts (at line {number})")
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise TomlError(str(error)) from None
    except RecursionError:
        raise TomlError("nested too deeply") from None
    except ValueError as error:  # a number of thousands of digits, or a date that is none
        raise TomlError(str(error).partition(";")[0]) from None
