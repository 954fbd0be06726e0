"""The style of drawings as files of their own: of the rules and colours in the style sheets of the pages."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).parent / "static"
_PAIR = re.compile(r"--(\w+): light-dark\((#\w+), (#\w+)\)")
_TONE = re.compile(r"^\.(\w+)[^{]*\{ --tone: light-dark\((#\w+), (#\w+)\)", re.MULTILINE)


@cache
def chart_style(theme: str) -> str:
    """Rules without variables, which programs other than browsers do not know."""
    light, dark = (_resolved(at) for at in (0, 1))
    return {"light": light, "dark": dark}.get(theme, f"{light}@media (prefers-color-scheme: dark){{{dark}}}")


def _resolved(at: int) -> str:
    sheet = (_FOLDER / "page.css").read_text("utf-8")
    colours = {name: pair[at] for name, *pair in _PAIR.findall(sheet) if name != "tone"}
    tones = {name: pair[at] for name, *pair in _TONE.findall(sheet)}
    tones |= dict.fromkeys(("other", "unknown"), colours["other"])
    found = []
    for line in (_FOLDER / "chart.css").read_text("utf-8").splitlines():
        rule = re.sub(r"var\(--(?!tone)(\w+)\)", lambda match: colours[match[1]], line)
        if "var(--tone)" in rule:
            found += [rule.replace(".plot ", f".{name} ").replace("var(--tone)", tone) for name, tone in tones.items()]
        elif rule.startswith(".plot "):
            found.append(rule.removeprefix(".plot "))
    return "".join(found)
