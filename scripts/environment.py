"""Creates .venv and installs what requirements/ locks, then the project itself, editable.

    python3 scripts/environment.py run    what the daemon needs
    python3 scripts/environment.py dev    that, and what working on it needs

Needs Python 3.11 and nothing else: where it comes without pip, as Debian's does without python3-venv, pip is fetched
from Debian into the environment.
"""

from __future__ import annotations  # an older Python must get as far as the sentence that refuses it

import subprocess
import sys
import venv
from importlib.util import find_spec
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
ENVIRONMENT = CHECKOUT / ".venv"
NEEDED = (3, 11)


def main(kind: str) -> int:
    """Bring the environment up to date."""
    if sys.version_info < NEEDED:
        have, need = (".".join(map(str, version[:2])) for version in (sys.version_info, NEEDED))
        print(f"environment: this is Python {have}, older than {need}: name another, as in `make PYTHON=python{need}`")
        return 1
    if not works():
        print(f"environment: creating {ENVIRONMENT}", flush=True)
        create()
    install(ENVIRONMENT, kind, "--editable", ".")
    return 0


def works() -> bool:
    """Whether there is an environment, and its Python has not been upgraded away from under it."""
    python = ENVIRONMENT / "bin" / "python"
    return (
        python.exists()
        and subprocess.run([python, "-c", "import pip"], check=False, capture_output=True).returncode == 0
    )


def install(environment: Path, kind: str, *package: str | Path) -> None:
    """Install what `requirements/` locks, then a package of ours.

    What builds is installed first, and used for libraries that come as source too: pip would fetch a builder for them
    without looking at hashes.
    """
    print(f"environment: installing requirements/{kind}.txt", flush=True)
    pip(environment, "--require-hashes", "--requirement", "requirements/build.txt")
    pip(environment, "--require-hashes", "--no-build-isolation", "--requirement", f"requirements/{kind}.txt")
    pip(environment, "--no-deps", "--no-build-isolation", *package)


def create(environment: Path = ENVIRONMENT) -> None:
    """An environment with pip in it."""
    if find_spec("ensurepip") is not None:
        venv.create(environment, clear=True, with_pip=True, symlinks=True)
        return
    from debian import Suite, Unavailable  # noqa: PLC0415 -- only here is Debian needed

    venv.create(environment, clear=True, symlinks=True)
    services = CHECKOUT / ".services"
    try:
        Suite("sid", services / "apt" / "sid").unpack(["python3-pip-whl"], services / "pip")
    except Unavailable as error:
        print("environment: this Python has no ensurepip; install it: apt-get install python3-venv", file=sys.stderr)
        sys.exit(f"environment: nor could pip be fetched: {error}")
    wheel = next(services.glob("pip/usr/share/python-wheels/pip-*.whl"))
    run(environment / "bin" / "python", f"{wheel}/pip", "install", "--quiet", "--no-index", wheel)


def pip(environment: Path, *arguments: str | Path) -> None:
    """Install with the environment's own pip."""
    python = environment / "bin" / "python"
    run(python, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", *arguments)


def run(*command: str | Path) -> None:
    """Run a step; where it fails it has said why."""
    status = subprocess.run(command, cwd=CHECKOUT, check=False).returncode
    if status:
        sys.exit(f"environment: this failed: {' '.join(map(str, command))}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
