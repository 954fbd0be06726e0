"""Fetches the code of others that the pages serve, as vendored.toml in the folder of static files describes it.

    .venv/bin/python scripts/vendor.py              the recorded version, which must be what was recorded
    .venv/bin/python scripts/vendor.py 1.6.33       another version, and record it

Needs npm, which fetches the package and is not needed for anything else.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "monitor" / "outputs" / "web" / "pages" / "static" / "vendored"
RECORD = FOLDER / "vendored.toml"
FILES = {"dist/uPlot.esm.js": "uPlot.esm.js", "dist/uPlot.min.css": "uPlot.min.css", "LICENSE": "LICENSE.uPlot"}
"""Where each file is in the package, and what it is called here."""
FORM = """\
# Code of others, unchanged. scripts/vendor.py fetches it and writes this file; a test compares the hashes.

[uplot]
version = "{version}"
licence = "MIT"
source = "https://github.com/leeoniya/uPlot"
package = "the npm package uplot"
integrity = "{integrity}"  # of the package, as npm says it

[uplot.sha256]
"""


def main(arguments: list[str]) -> int:
    """Fetch a version, and write its files and their record."""
    recorded = tomllib.loads(RECORD.read_text("utf-8"))["uplot"] if RECORD.exists() else {}
    version = arguments[0] if arguments else recorded["version"]
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            ["npm", "pack", "--json", "--pack-destination", folder, f"uplot@{version}"],
            check=True, capture_output=True, text=True,
        )  # fmt: skip
        [package] = json.loads(done.stdout)
        if version == recorded.get("version") and package["integrity"] != recorded["integrity"]:
            print(f"vendor: uplot {version} is not what was recorded: {package['integrity']}", file=sys.stderr)
            return 1
        with tarfile.open(Path(folder) / package["filename"]) as archive:
            files = {name: _content(archive, f"package/{path}") for path, name in FILES.items()}
    for name, content in files.items():
        (FOLDER / name).write_bytes(content)
    hashes = [f'"{name}" = "{hashlib.sha256(content).hexdigest()}"\n' for name, content in files.items()]
    RECORD.write_text(FORM.format(version=version, integrity=package["integrity"]) + "".join(hashes), "utf-8")
    print(f"vendor: uplot {version}, {sum(map(len, files.values())) / 1000:.0f} kB")
    return 0


def _content(archive: tarfile.TarFile, path: str) -> bytes:
    member = archive.extractfile(path)
    assert member is not None
    return member.read()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
