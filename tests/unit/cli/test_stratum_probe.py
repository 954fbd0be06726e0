"""`pool-monitor stratum probe` shows what a stranger sends, as text."""

from __future__ import annotations

import json

from support.stratum import StratumServer, Template, job
from typer.testing import CliRunner

from monitor.cli.stratum.command import stratum

TERMINAL = "\x1b[2J\x07\x9b1m\u202e\ud800"


def test_a_server_cannot_control_the_terminal() -> None:
    sent = job(Template("00" * 32, 901, 0x1702_F128, 1_700_000_000, ()), tag=b"/x\x1b[2J\xc2\x9b/")
    sent[0] = TERMINAL
    with StratumServer() as server:
        server.announce(sent)
        shown = CliRunner().invoke(stratum, ["probe", f"127.0.0.1:{server.port}"])
        raw = CliRunner().invoke(stratum, ["probe", f"127.0.0.1:{server.port}", "--json"])

    assert (shown.exit_code, raw.exit_code) == (0, 0), shown.output
    assert all(letter.isprintable() for letter in shown.stdout.replace("\n", ""))
    assert json.loads(raw.stdout)["job"] == r"\x1b[2J\x07\x9b1m\u202e\ud800"
