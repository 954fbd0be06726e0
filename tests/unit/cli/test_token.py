"""`pool-monitor token`: lines for the file, and the token once."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from monitor.cli.token import token
from monitor.config import Scope, load_tokens

APP = typer.Typer()
APP.command()(token)


def test_the_lines_are_a_file_that_accepts_the_token(tmp_path: Path) -> None:
    file = tmp_path / "tokens.toml"
    done = [CliRunner().invoke(APP, [*given]) for given in (("grafana", "--scope", "metrics"), ("alice",))]
    file.write_text("".join(each.stdout for each in done))
    secrets = [each.stderr.rpartition(" ")[2].strip() for each in done]
    grafana, alice = load_tokens(file)
    assert grafana.matches(secrets[0])
    assert not grafana.matches(secrets[1])
    assert (grafana.scopes, alice.scopes) == (frozenset({Scope.METRICS}), frozenset(Scope))
    assert not any(secret in file.read_text() for secret in secrets)


@pytest.mark.parametrize("name", ['a"', "a\\", "a\nb", "ü"])
def test_a_name_that_would_not_be_toml_is_refused(name: str) -> None:
    assert CliRunner().invoke(APP, [name]).exit_code == 2
