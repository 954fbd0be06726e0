"""Installs the wheel of dist/ in a new environment, from the locks with hashes, and runs it: version, then the demo.

    python3.13 scripts/trial.py            what the daemon needs
    python3.13 scripts/trial.py --unit     every extra and what tests need; the unit tests then run on the installation

The environment is one of the Python that runs this, and is gone afterwards. Exit status 1 when a step fails.
"""

from __future__ import annotations  # an older Python must get as far as pip, which refuses the wheel

import subprocess
import sys
import tempfile
from pathlib import Path

import environment
import healthy

UNIT = ("-q", "-p", "no:cacheprovider", "--numprocesses", "2", "tests/unit", "tests/property")


def main(arguments: list[str]) -> int:
    """Install, run, and judge."""
    unit = arguments == ["--unit"]
    if arguments and not unit:
        print(__doc__, file=sys.stderr)
        return 2
    (wheel,) = (environment.CHECKOUT / "dist").glob("*.whl")
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "environment"
        environment.create(home)
        environment.install(home, "dev" if unit else "run", wheel)
        program = home / "bin" / "pool-monitor"
        done = subprocess.run([program, "--version"], cwd=folder, env=healthy.plain(), capture_output=True, check=True)
        name, version = done.stdout.decode().split()
        assert f"{name.replace('-', '_')}-{version}-" in wheel.name, done.stdout
        print(f"trial: {name} {version} on Python {sys.version.split()[0]}", flush=True)
        status = healthy.demo(program, healthy.plain())
        if unit and not status:
            status = subprocess.run(
                [home / "bin" / "pytest", *UNIT], cwd=environment.CHECKOUT, env=healthy.plain(), check=False
            ).returncode
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
