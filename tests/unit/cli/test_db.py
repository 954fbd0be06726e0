"""`pool-monitor db`."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from support.command import pool_monitor
from support.daemon import environment
from support.databases import ask
from support.stored import store_mainnet

BLOCKS = 200


@pytest.fixture
def url(tmp_path: Path) -> str:
    """Of a database with blocks."""
    found = f"sqlite:///{tmp_path}/b.sqlite"
    asyncio.run(store_mainnet(found, BLOCKS))
    return found


def test_a_whole_history_has_no_problem_and_a_gap_is_one(url: str, tmp_path: Path) -> None:
    def check() -> tuple[int, str, str]:
        done = pool_monitor("db", "check", folder=tmp_path, environment=environment(store__url=url))
        return done.returncode, done.stdout, done.stderr

    code, said, _ = check()
    assert (code, said.splitlines()[-1]) == (0, "No problem was found.")
    assert "(200), 0 stale blocks" in said
    [(lowest,)] = ask(url, "SELECT min(height) FROM blocks")
    ask(url, "DELETE FROM blocks WHERE height = :height", height=lowest + 7)
    code, said, complaints = check()
    assert (code, said.splitlines()[-1]) == (1, "1 problems.")
    assert complaints == f"the blocks {lowest + 7} to {lowest + 7} are missing\n"


def test_a_backup_and_a_copy_can_be_checked(url: str, tmp_path: Path) -> None:
    env = environment(store__url=url)
    done = pool_monitor("db", "backup", "backup.sqlite", folder=tmp_path, environment=env)
    assert done.returncode == 0, done.stderr
    copied = pool_monitor("db", "copy", url, f"sqlite:///{tmp_path}/copy.sqlite", folder=tmp_path, environment=env)
    assert (copied.returncode, "200 blocks" in copied.stdout) == (0, True), copied.stderr
    for name in ("backup", "copy"):
        settings = environment(store__url=f"sqlite:///{tmp_path}/{name}.sqlite")
        assert pool_monitor("db", "check", folder=tmp_path, environment=settings).returncode == 0


def test_old_details_are_deleted_only_if_that_is_confirmed(url: str, tmp_path: Path) -> None:
    sighting = "INSERT INTO sightings SELECT hash, 'home', height, 1.0, 0, NULL FROM blocks"
    ask(url, "UPDATE blocks SET time = time - 500 * 86400 WHERE height < (SELECT min(height) + 150 FROM blocks)")
    ask(url, sighting)

    def prune(*arguments: str) -> list[str]:
        settings = environment(store__url=url, store__keep_days=366)
        done = pool_monitor("db", "prune", *arguments, folder=tmp_path, environment=settings)
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    counted = prune()
    assert "         150 sightings" in counted
    assert counted[-1] == "Nothing was deleted; --yes deletes these rows."
    assert ask(url, "SELECT count(*) FROM sightings") == [(200,)]
    assert "         150 sightings" in prune("--yes")
    assert ask(url, "SELECT count(*), (SELECT count(*) FROM blocks) FROM sightings") == [(50, 200)]
    assert prune()[-1] == "Nothing is too old."
