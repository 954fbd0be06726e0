"""Filters of the templates: numbers and times as text."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from markupsafe import Markup, escape

from monitor.model import Change, Interval, Trend, day_of, market
from monitor.outputs.schemas.base import iso

_NUMBERS = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
_NOUNS = {
    "pool": ("pool", "pools"),
    "template": ("template builder", "template builders"),
    "operator": ("operator", "operators"),
    "origin": ("country of origin", "countries of origin"),
    "country": ("country", "countries"),
    "custodian": ("custodian", "custodians"),
}
_UNITS = {"h": "hour", "d": "day", "y": "year", "b": "block"}
_PREFIXES = ((1e21, "ZH/s"), (1e18, "EH/s"), (1e15, "PH/s"), (1e12, "TH/s"), (1e9, "GH/s"))

_RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_NEVER = 1e-9
"""Probabilities are computed to a few decimals more."""


def noun(level: str, many: int = 2) -> str:
    """The entities of a level."""
    return _NOUNS.get(level, (level, level))[many != 1]


def spelt(number: int) -> str:
    """A small number as a word."""
    return _NUMBERS[number] if number < len(_NUMBERS) else f"{number:,}"


def percent(ratio: float | None, digits: int = 1) -> str:
    """A ratio in per cent; `<` and `>` where it would be rounded to 0 or 100 %."""
    if ratio is None:
        return "–"
    smallest = 10.0 ** -(digits + 2) / 2
    if 0 < ratio < smallest:
        return f"<\u00a0{10.0**-digits:.{digits}f}\u00a0%"
    if 1 - smallest < ratio < 1:
        return f">\u00a0{100 - 10.0**-digits:.{digits}f}\u00a0%"
    return f"{100 * ratio:.{digits}f}\u00a0%"


def count(number: float | None, digits: int = 0) -> str:
    """A number with thousands separators."""
    return "–" if number is None else f"{number:,.{digits}f}"


def signed(number: float, digits: int = 1) -> str:
    """A number with its sign; what is rounded to zero is not negative."""
    return f"{round(number, digits) + 0.0:+,.{digits}f}".replace("-", "−")


def between(interval: Interval | None, digits: int = 0) -> str:
    """The ends of an interval."""
    if interval is None:
        return "–"
    lower, upper = count(interval.lower, digits), count(interval.upper, digits)
    return lower if lower == upper else f"{lower} – {upper}"


def window(name: str) -> str:
    """The name of a window in words: `7d` is "7 days"."""
    number, unit = int(name[:-1]), _UNITS[name[-1]]
    return f"{number:,} {unit}{'' if number == 1 else 's'}"


def hashrate(value: float | None) -> str:
    """Hashes per second, with a unit prefix."""
    if value is None:
        return "–"
    size, unit = next((each for each in _PREFIXES if value >= each[0]), (1.0, "H/s"))
    return f"{value / size:,.1f} {unit}"


def bitcoin(satoshi: float | None, digits: int = 3) -> str:
    """Satoshi as bitcoin."""
    return "–" if satoshi is None else f"{satoshi / 1e8:,.{digits}f} BTC"


def moment(seconds: float) -> str:
    """Date and time in UTC."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")


def day(seconds: float) -> str:
    """The date in UTC."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d")


def ago(seconds: float, now: float) -> str:
    """The age of a time, rounded; the date after two days."""
    minutes = max(0, round((now - seconds) / 60))
    if minutes < 120:
        return f"{minutes} min ago"
    return f"{minutes // 60} h ago" if minutes < 48 * 60 else moment(seconds)


def lasting(seconds: float) -> str:
    """A span of time, rounded."""
    if seconds < 90:
        return "a minute" if seconds > 45 else "less than a minute"
    minutes = round(seconds / 60)
    return f"{minutes} minutes" if minutes < 120 else f"{round(minutes / 60)} hours"


def markets(interval: Interval) -> str:
    """How regulators of competition describe a market with an index in this interval."""
    lowest, highest = market(interval.lower), market(interval.upper)
    return lowest if lowest == highest else f"{lowest.removesuffix(' concentrated')} to {highest}"


def probability(value: float) -> str:
    """An estimated probability in per cent, never 0 or 100 %."""
    return percent(min(max(value, 0.001), 0.999), 0)


def rough(number: float) -> str:
    """A number with two or three significant digits."""
    return f"{float(f'{number:.3g}'):,.1f}" if number < 10 else f"{float(f'{number:.3g}'):,.0f}"


def span(interval: Interval | None) -> str:
    """The interval of a share, or a share that has its ends."""
    return "" if interval is None else f"{100 * interval.lower:.1f} – {100 * interval.upper:.1f}\u00a0%"


def points(ratio: float) -> str:
    """A difference of shares, in percentage points with its sign."""
    return signed(100 * ratio)


def size(change: Change) -> str:
    """The size of a change, with its interval."""
    gained = change.after.share - change.before.share
    return f"{points(gained)} points (95\u00a0%: {points(change.size.lower)} to {points(change.size.upper)})"


def odds(value: float) -> str:
    """A probability as people read it: in per cent, and below one per cent as one in so many."""
    if value >= 0.01:
        return percent(value, 0 if value >= 0.1 else 1)
    return f"1 in {rough(1 / value)}" if value > _NEVER else "below 1 in a billion"


def deviation(ratio: float) -> str:
    """How far a ratio is from one, in per cent with its sign."""
    return f"{signed(100 * (ratio - 1), 2)}\u00a0%"


def per_ten_thousand(rate: float) -> str:
    """A rare event's rate, without its unit."""
    return f"{10_000 * rate:.1f}"


def direction(trend: Trend) -> tuple[str, str]:
    """An arrow, and the direction of concentration, qualified by its probability."""
    for least, how in ((0.975, ""), (0.8, "probably ")):
        if trend.rising >= least:
            return "↗", f"{how}rising"
        if trend.rising <= 1 - least:
            return "↘", f"{how}falling"
    return "→", "no clear direction"


def work(hashes: int) -> str:
    """Expected hashes in words."""
    power = len(str(hashes)) - 1
    return f"{hashes:,} hashes" if power < 6 else f"{hashes / 10**power:.2f} × 10{str(power).translate(_RAISED)} hashes"


def name_of(entity: str, names: Mapping[str, str]) -> str:
    """The name of a pool or country."""
    return names.get(entity, entity)


def first_upper(text: str) -> str:
    """The text with its first letter as a capital, and the others as they are."""
    return text[:1].upper() + text[1:]


def code(text: str) -> Markup:
    """Text in which names stand in backticks, as HTML."""
    parts = enumerate(text.split("`"))
    return Markup().join(Markup("<code>{}</code>").format(part) if at % 2 else escape(part) for at, part in parts)


_FILTERS = (
    noun, spelt, percent, count, signed, between, window, hashrate, bitcoin, moment, ago, markets, probability, rough,
    span, size, odds, deviation, direction, work, name_of, iso, per_ten_thousand, first_upper,
    lasting, day, day_of, market, code,
)  # fmt: skip
FILTERS = {function.__name__: function for function in _FILTERS}
