"""How far we and two other systems agree: the figures that docs/adr/0014-attribution-rules.md states."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_stated_figures_are_those_that_the_script_finds() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "compare_rules.py")], capture_output=True, text=True, check=True
    )
    stated = (ROOT / "docs" / "adr" / "0014-attribution-rules.md").read_text("utf-8")
    rows = re.findall(r"on (\d+) \((\d+\.\d+)%\)", done.stdout)
    assert len(rows) == 5
    for count, percent in rows:
        assert f"{percent} % ({int(count):,})" in stated
