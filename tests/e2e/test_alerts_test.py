"""`alerts test` and `check` try everyone who would be told, really."""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import trustme
from support import forked
from support.alertmanager import Alertmanager
from support.daemon import environment
from support.hook import Hook, until
from support.mosquitto import Mosquitto
from support.services import free_port

SECRET = f"whsec_{'A' * 40}"


def run(*command: str, **settings: object) -> subprocess.CompletedProcess[str]:
    return forked.run(*command, environment=environment(**settings) | {"COLUMNS": "200"})


async def test_everyone_gets_a_marked_alert_and_their_answers_are_shown(
    start_alertmanager: Callable[..., Alertmanager], start_mosquitto: Callable[..., Mosquitto], tmp_path: Path
) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    own = authority.issue_cert("pool-monitor.example")
    own.private_key_and_cert_chain_pem.write_to_path(tmp_path / "client.pem")
    mosquitto = await asyncio.to_thread(start_mosquitto, login=("alice", "s3cret"), authority=authority)
    reader = mosquitto.reader("pool-monitor/#", client_pem=tmp_path / "client.pem")
    async with Hook() as hook, Hook() as phone, reader as heard:
        alertmanager = await asyncio.to_thread(start_alertmanager, hook=f"{hook.url}/from-alertmanager")
        (tmp_path / "urls").write_text(f"# my phone\njson://127.0.0.1:{phone.port}/t0ken\n")
        settings = {
            "alerts__alertmanager__urls": json.dumps([alertmanager.url]),
            "alerts__webhook__url": f"{hook.url}/h00k",
            "alerts__webhook__secret": SECRET,
            "alerts__apprise__urls_file": tmp_path / "urls",
            "mqtt__url": f"mqtts://127.0.0.1:{mosquitto.port}",
            "mqtt__ca_file": tmp_path / "ca.pem",
            "mqtt__cert_file": tmp_path / "client.pem",
            "mqtt__key_file": tmp_path / "client.pem",
            "mqtt__user": "alice",
            "mqtt__password": "s3cret",
        }
        done = await asyncio.to_thread(run, "alerts", "test", **settings)
        await until(lambda: bool(heard) and len(hook.taken) == 2, what=f"all to be told: {done.stdout}{done.stderr}")

        assert done.returncode == 0, done.stdout + done.stderr
        assert done.stdout.count("✓") == 4
        assert {each.path for each in hook.taken} == {"/h00k", "/from-alertmanager"}
        assert "[TEST INFO]" in phone.taken[0].document["title"]
        assert heard[0].document["change"]["test"] is True

        await phone.stop()
        mosquitto.kill()
        done = await asyncio.to_thread(run, "alerts", "test", **settings)
        assert done.returncode == 1
        assert (done.stdout.count("✓"), done.stdout.count("✗")) == (2, 2)
        assert not [secret for secret in ("t0ken", "s3cret", "h00k", SECRET) if secret in done.stdout + done.stderr]


async def test_a_rule_lends_its_name_and_its_severity() -> None:
    async with Hook() as hook:
        known = {"alerts__webhook__url": hook.url, "alerts__webhook__secret": SECRET}
        done = await asyncio.to_thread(run, "alerts", "test", "pool_majority", **known)
        assert done.returncode == 0, done.stderr
        wrong = await asyncio.to_thread(run, "alerts", "test", "pool_majorty", **known)
    said = hook.taken[0].document["data"]
    assert (said["rule"], said["severity"], said["test"]) == ("pool_majority", "critical", True)
    assert wrong.returncode == 1
    assert "unknown rule 'pool_majorty'; choose one of: pool_majority, " in wrong.stderr


def test_without_a_receiver_it_says_so() -> None:
    done = run("alerts", "test")
    assert done.returncode == 2
    assert "no receiver is configured" in done.stderr


async def test_check_says_who_would_be_told_and_who_is_away(tmp_path: Path) -> None:
    async with Hook() as hook:
        hook.status = 204
        done = await asyncio.to_thread(
            run, "check", alerts__webhook__url=f"{hook.url}/h00k", alerts__webhook__secret=SECRET,
            mqtt__url=f"mqtt://127.0.0.1:{free_port()}", store__url=f"sqlite:///{tmp_path}/blocks.sqlite",
            node__url=f"http://127.0.0.1:{free_port()}", web__port=free_port(),
        )  # fmt: skip
    assert "✓ Alerts go to webhook: answers (204 to OPTIONS)." in done.stdout
    assert "! Alerts go to mqtt, which is unreachable: Connection refused." in done.stdout
    assert "h00k" not in done.stdout + done.stderr
