"""Writes the Grafana dashboards of grafana/dashboards from scripts/dashboards.

.venv/bin/python scripts/grafana.py            write them
.venv/bin/python scripts/grafana.py --check    only compare; exit status 1 when one is not what it would be
.venv/bin/python scripts/grafana.py --v2 FOLDER    write them into a folder in Grafana's v2 schema, as resources
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from dashboards.concentration import concentration
from dashboards.economy import economy
from dashboards.frame import written
from dashboards.health import health
from dashboards.nodes import nodes
from dashboards.overview import overview
from dashboards.pools import pools
from dashboards.templates import templates
from dashboards.v2 import as_v2
from generated import keep

FOLDER = Path(__file__).resolve().parent.parent / "grafana" / "dashboards"


def dashboards() -> dict[str, str]:
    """Every dashboard as Grafana reads it, by its file's name."""
    made = (overview(), concentration(), pools(), templates(), nodes(), economy(), health())
    return {f"{str(each.build().uid).removeprefix('pool-monitor-')}.json": written(each) for each in made}


def main(arguments: list[str]) -> int:
    """Write the files, or tell which differ."""
    if arguments[:1] == ["--v2"] and len(arguments) == 2:
        folder = Path(arguments[1])
        folder.mkdir(parents=True, exist_ok=True)
        resources = {
            folder / name: json.dumps(as_v2(json.loads(text)), indent=2) for name, text in dashboards().items()
        }
        return keep(resources, [], usage="", command="")
    files = {FOLDER / name: text for name, text in dashboards().items()}
    return keep(files, arguments, usage=str(__doc__), command="make dashboards")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
