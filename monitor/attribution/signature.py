"""What a miner signs: the one text of a coinbase script that says the most, without what varies and what many sign.

A text is a run of printable bytes. The noise of counters and times around it is printable too, by chance; delimiters,
counted pushes and the number of letters distinguish it, not always.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from monitor.wire import bip34_height

FOLD = "…"
"""Stands in a text for what varies."""
UUID = "<any uuid>"
"""Stands for one, with whatever follows it."""

_FEW_LETTERS, MANY_LETTERS = 3, 5
"""A text of fewer than the first says nothing; of fewer than the second, it may be found or chosen by chance."""

_COMMON = (
    # Mining software, whose signature is the same for every user.
    "ckpool", "miningcore", "nodestratum", "stratumpool", "stratum v2 sri pool", "stratum", "poolserverj", "eloipool",
    "public-pool", "public pool", "datum gateway", "datum user", "datum", "yiimp", "nomp", "p2pool", "cgminer",
    "bfgminer", "bitaxe", "nerdminer",
    # Votes and version flags: what the block supports, not who made it.
    r"p2sh", r"nohalving", r"bip\d+", r"eb\d+", r"ad\d+", "nya", "segwit2x", "segwit", "uasf", "xt", "classic",
    "unlimited",
    # Bitcoin Core on its own, test networks, and words that every miner uses.
    "bitcoin core", "satoshi", "regtest", "signet", "testnet", "mined by", "mined", "mining", "miner", "pool", "solo",
    "bitcoin", "btc", "block", "coinbase",
    # Other chains, for which the block was mined as well.
    "jaxnet", "rsk", "rskblock", "hathor", "exsat", "syscoin", "namecoin", "elastos", "fractal",
)  # fmt: skip
"""Words that identify nobody in particular, as patterns; letter case is ignored."""

_WORDS = re.compile(rf"(?<![^\W_])(?<![^\W_][.-])(?:{'|'.join(_COMMON)})(?![.-]?[^\W_])", re.IGNORECASE)
"""They stand alone: part of a longer name, as in `BTC.COM` or `AntPool`, they are part of it."""
_RUN = re.compile(rb"(?:[\t\x20-\x7e]|[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3})+")
_WORD = re.compile(rb"[A-Za-z]{5}|^[\x20-\x7e]+$")
_UUIDS = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_VARIES = re.compile(
    r"(0x[0-9a-f]{40}\b)|\b(?=[0-9a-f]*\d)[0-9a-f]{8,}\b|((?<!\d)\d{1,3}(?=[^\W\d_]{3}))|\d+", re.IGNORECASE
)
"""Hex and numbers; but an address of another chain is a signature, and so is the number in `F2Pool` or `58COIN`."""
_DELIMITERS = "/|\\"
_BLANKS = re.compile(r"(?=[ ]*\t)[\t ]{6,}")
_WORKER = re.compile(r"mined by\b.*", re.IGNORECASE)
_TRAILING_NOISE = re.compile(rf"(?<=[{FOLD} ])[^\s/|\\>)]{{1,2}}$")
_LEADING_NOISE = re.compile(r"^[^/:]{1,3}(?=/.*/)")


def letters(text: str) -> int:
    """How much a text says: its letters, those beyond ASCII twice; in a pattern of blanks, the blanks."""
    if text.isspace():
        return len(text) if "\t" in text else 0
    return sum(2 if letter > "\x7f" else letter.isalpha() for letter in text if letter != FOLD)


def lead(script: bytes) -> tuple[list[int], int]:
    """The pushes of numbers before any text, without the height: their lengths, and where they end.

    Four bytes are the time, whose last byte reads as a letter: `g`, `h`, ...
    """
    at = 0
    if bip34_height(script) is not None:
        at = 1 if script[0] > 0x50 else 1 + script[0]
    pushes: list[int] = []
    while at < len(script) and len(pushes) < 8:
        length = script[at]
        body = script[at + 1 : at + 1 + length]
        if length > 12 or len(body) < length or (length not in (0, 1, 2, 4) and _WORD.search(body)):
            break
        pushes.append(length)
        at += 1 + length
    return pushes, at


def signature(script: bytes) -> str | None:
    """Of all texts in `script` the one that says the most; a worker's name only where there is nothing else.

    It is printable but for tabs, `FOLD` stands for what varies, and `UUID` ends it where there was one.
    """
    return max(_texts(script), default=(0, 0, None))[2]


def _texts(script: bytes) -> Iterator[tuple[int, int, str]]:
    """Every text, folded, after how good a signature it is: long ones, then names of workers, then short ones."""
    for run in _RUN.finditer(script):
        raw = run[0]
        length = script[run.start() - 1] if run.start() else 0
        counted = _FEW_LETTERS <= length <= len(raw)
        text = (raw[:length] if counted else raw).decode("utf-8", "ignore")
        yield from ((2, len(blanks), blanks) for blanks in _BLANKS.findall(text))
        for part in "".join(letter if letter.isprintable() else "\n" for letter in text).split("\n"):
            signed = part if counted else _trimmed(part)
            before_worker = _WORKER.sub("", signed)
            only_worker = before_worker != signed and letters(before_worker) < _FEW_LETTERS
            folded = _fold(signed if only_worker else before_worker)
            deliberate = counted or (folded[:1] in _DELIMITERS and folded[-1:] in _DELIMITERS)
            if letters(folded) >= (_FEW_LETTERS if deliberate else MANY_LETTERS):
                rank = 1 if only_worker else 2 * (letters(folded) >= MANY_LETTERS)
                yield rank, letters(folded) + 4 * deliberate, folded


def _trimmed(text: str) -> str:
    """Without the bytes around it that happen to be printable, as far as delimiters tell."""
    if _UUIDS.search(text):
        return text
    delimiter = next((letter for letter in text if letter in _DELIMITERS), "/")
    end = text.rfind(delimiter) + 1
    return _LEADING_NOISE.sub("", text[:end] if letters(text[:end]) >= _FEW_LETTERS else text)


def _fold(text: str) -> str:
    if found := _UUIDS.search(text):
        return _varying(text[: found.start()]) + UUID
    return _TRAILING_NOISE.sub("", _varying(text)).strip(FOLD + " ")


def _varying(text: str) -> str:
    return _VARIES.sub(lambda found: found[1] or found[2] or FOLD, _WORDS.sub(FOLD, text))
