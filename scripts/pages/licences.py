"""The licence of each library that may be installed with the program, as its makers state it."""

from __future__ import annotations

from importlib.metadata import metadata

from release import locked

LOCKS = {"run": "", "service": "extras", "all": "Parquet"}
"""Each lock holds those before it; what is said of a package that comes with it."""
HEAD = """\
# Licences

pool-monitor is under the [MIT licence](../LICENSE), so are [the data of Epoch
AI](../monitor/economy/data/LICENSE.epoch) that come with it. The libraries that it installs, as locked in
`requirements/`, have these licences by their own metadata:

| Library | Licence | Comes with |
|---|---|---|
"""
FOOT = """
Each library has the text of its licence in the folder `*.dist-info` beside it. It is installed as its makers published
it, in a folder of its own, where it can be replaced.
"""


def page() -> str:
    """The whole page."""
    part: dict[str, str] = {}
    for lock, said in LOCKS.items():
        for name in locked(lock):
            part.setdefault(name, said or "the core")
    rows = (f"| {name} | {licence(name)} | {said} |\n" for name, said in sorted(part.items()))
    return HEAD + "".join(rows) + FOOT


def licence(name: str) -> str:
    """By the expression that new packages have, else by what older ones say in a line, else by a classifier."""
    said = metadata(name)
    expression, line = (" ".join(said.get_all(field, [])) for field in ("License-Expression", "License"))
    kinds = [each for each in said.get_all("Classifier", []) if each.startswith("License ::")]
    classified = ", ".join(each.rpartition(" :: ")[2] for each in kinds)
    return expression or (line if 0 < len(line) < 40 else classified)
