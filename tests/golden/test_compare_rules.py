"""How far we and two other systems agree: the figures that docs/adr/0014-attribution-rules.md states."""

import re
import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def test_the_stated_figures_are_those_that_the_script_finds(capsys: pytest.CaptureFixture[str]) -> None:
    script = runpy.run_path(str(ROOT / "scripts" / "compare_rules.py"))
    script["compare"](script["GOLDEN"])
    stated = (ROOT / "docs" / "adr" / "0014-attribution-rules.md").read_text("utf-8")
    rows = re.findall(r"on (\d+) \((\d+\.\d+)%\)", capsys.readouterr().out)
    assert len(rows) == 5
    for count, percent in rows:
        assert f"{percent} % ({int(count):,})" in stated
