"""Commands of the program in the process of the tests: a process of its own takes a second to start."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from contextlib import chdir, redirect_stderr, redirect_stdout
from io import BytesIO, TextIOWrapper
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from monitor.__main__ import main


def pool_monitor(*arguments: object, folder: Path, environment: Mapping[str, str]) -> CompletedProcess[str]:
    """Run `pool-monitor` with these arguments in this folder, with nothing to read; output goes to no terminal."""
    command = ["pool-monitor", *map(str, arguments)]
    written = BytesIO(), BytesIO()
    out, err = (TextIOWrapper(stream, encoding="utf-8", write_through=True) for stream in written)
    with (
        pytest.MonkeyPatch.context() as patch, Path(os.devnull).open() as nothing, chdir(folder),
        redirect_stdout(out), redirect_stderr(err),
    ):  # fmt: skip
        for name in os.environ.keys() - environment.keys():
            patch.delenv(name)
        for name, value in environment.items():
            patch.setenv(name, value)
        patch.setattr(sys, "argv", command)
        patch.setattr(sys, "stdin", nothing)
        with pytest.raises(SystemExit) as ended:
            main()
    said, complained = (stream.getvalue().decode() for stream in written)
    return CompletedProcess(command, int(ended.value.code or 0), said, complained)
