"""`pool-monitor` as it is without any extra: what `requirements/run.txt` does not lock cannot be imported."""

from __future__ import annotations

import re
import sys
from importlib.metadata import packages_distributions

from support.services import CHECKOUT

_LOCKED = re.compile(r"^([a-z0-9-]+)==", re.MULTILINE)
_PROGRAM = """
import sys
names, sys.argv = sys.argv[1], ["pool-monitor", *sys.argv[2:]]
sys.modules.update(dict.fromkeys(names.split(",")))  # None: as if it were not installed
from monitor.__main__ import main
main()
"""


def missing() -> set[str]:
    """The modules of this environment that a core environment does not have."""
    core = set(_LOCKED.findall((CHECKOUT / "requirements" / "run.txt").read_text("utf-8"))) | {"pool-monitor", "pip"}
    return {
        module
        for module, distributions in packages_distributions().items()
        if module.isidentifier() and not any(_normalised(name) in core for name in distributions)
    }


def pool_monitor() -> list[str]:
    """The command, to be followed by its arguments."""
    return [sys.executable, "-c", _PROGRAM, ",".join(sorted(missing()))]


def _normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
