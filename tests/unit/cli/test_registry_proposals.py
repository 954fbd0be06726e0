"""`pool-monitor registry proposals`: what was measured is shown, and written to the user's file on request."""

from __future__ import annotations

import asyncio
import json
from datetime import date
from pathlib import Path

import pytest
from support.fake_chain import BEFORE_ALL, START, chain_on, judge
from typer.testing import CliRunner, Result

from monitor.cli.registry.command import registry as command
from monitor.config import RegistrySection
from monitor.errors import InputError
from monitor.model import Evidence, EvidenceKind, Plan, PoolSlug, Proposal
from monitor.registry.loading import load_registry, with_measured
from monitor.store.store import Store

VIABTC, F2POOL = PoolSlug("viabtc"), PoolSlug("f2pool")
DAY = 86_400


async def store(url: str) -> None:
    async with await Store.open(url) as opened:
        chain = chain_on(BEFORE_ALL, 3)
        await opened.note_network("main")
        await opened.apply(Plan(BEFORE_ALL, chain[-1].hash, connects=tuple(chain)), judge(chain, VIABTC))
        common = {"similarity": 1.0, "n": 7, "p": 1e-9, "text": "seven jobs were the same"}
        found = [
            Evidence(EvidenceKind.STRATUM, (F2POOL, VIABTC), START - 9 * DAY, START, **common),  # type: ignore[arg-type]
            Evidence(EvidenceKind.CO_SPENT, (F2POOL, VIABTC), START - 900 * DAY, START - 800 * DAY, **common),  # type: ignore[arg-type]
        ]
        await opened.evidence.replace([each.kind for each in found], found, since=0)


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's file, beside a store with evidence."""
    url = f"sqlite:///{tmp_path}/b.sqlite"
    monkeypatch.setenv("POOL_MONITOR_STORE__URL", url)
    asyncio.run(store(url))
    found = tmp_path / "pools.toml"
    monkeypatch.setenv("POOL_MONITOR_REGISTRY__USER_FILE", str(found))
    found.write_text("# mine\n")
    return found


def run(*arguments: str) -> Result:
    return CliRunner().invoke(command, ["proposals", *arguments])


@pytest.mark.usefixtures("file")
def test_proposals_are_listed_with_their_evidence() -> None:
    done = run()
    assert done.exit_code == 0, done.output
    for word in ("viabtc-templates", "viabtc-custody", "today", "seven jobs", "p 1e-09"):
        assert word in done.stdout
    rows = json.loads(run("--json").stdout)
    assert [(row["level"], row["pool"], row["until"]) for row in rows if row["pool"] == "f2pool"] == [
        ("template", "f2pool", None), ("custodian", "f2pool", "2021-09-06"),
    ]  # fmt: skip


def test_an_accepted_group_counts_from_then_on(file: Path) -> None:
    done = run("--accept", "viabtc-templates", "--name", "via-and-fish")
    assert done.exit_code == 0, done.output
    assert file.read_text().startswith("# mine\n\n[[membership]]")

    known = load_registry(RegistrySection(user_file=file)).memberships
    assert known.of("template", F2POOL, START - DAY) == "via-and-fish"
    assert known.of("template", F2POOL, START - 20 * DAY) != "via-and-fish"

    again = run("--accept", "viabtc-custody")
    assert again.exit_code == 0, again.output
    held = load_registry(RegistrySection(user_file=file)).memberships
    assert held.of("custodian", VIABTC, START - 850 * DAY) == "viabtc-custody"
    assert held.of("custodian", VIABTC, START) is None


def test_a_contradiction_leaves_the_file_as_it_is(file: Path) -> None:
    mine = '[[membership]]\npool = "f2pool"\ntemplate = "other"\n'
    file.write_text(mine)
    done = run("--accept", "viabtc-templates")
    assert done.exit_code != 0
    assert file.read_text() == mine
    assert "nothing was written" in str(done.exception)


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_what_the_file_has_is_kept_byte_by_byte_with_its_permissions(file: Path, line_end: str) -> None:
    mine = f'# mine é{line_end}[[membership]]  # kept{line_end}pool = "f2pool"{line_end}origin = "CN"'.encode()
    own = file.with_name("real.toml")
    own.write_bytes(mine)
    own.chmod(0o640)
    file.unlink()
    file.symlink_to(own)

    done = run("--accept", "viabtc-templates", "--name", 'é "🐟" \\')

    assert done.exit_code == 0, done.output
    written = own.read_bytes()
    assert written.startswith(mine)
    assert written.count(b"\n") == written.count(line_end.encode())
    assert (file.is_symlink(), own.stat().st_mode & 0o777) == (True, 0o640)
    known = load_registry(RegistrySection(user_file=file)).memberships
    assert known.of("template", F2POOL, START - DAY) == 'é "🐟" \\'


def test_what_was_accepted_before_is_not_written_again(file: Path) -> None:
    run("--accept", "viabtc-templates", "--accept", "viabtc-custody", "--accept", "viabtc-custody")
    once = file.read_bytes()
    assert once.count(b"[[membership]]") == 4
    again = run("--accept", "viabtc-custody", "--accept", "viabtc-templates")
    assert (again.exit_code, file.read_bytes()) == (0, once)
    assert "Nothing was written" in again.output


@pytest.mark.parametrize("name", ["own", " ", "", "a\nb", "\x7f", "\udcff"])
def test_what_cannot_be_the_name_of_a_group_is_refused(file: Path, name: str) -> None:
    done = run("--accept", "viabtc-templates", "--name", name)
    assert isinstance(done.exception, InputError)
    assert file.read_text() == "# mine\n"


@pytest.mark.usefixtures("file")
def test_one_name_does_not_unite_groups() -> None:
    done = run("--accept", "viabtc-templates", "--accept", "viabtc-custody", "--name", "both")
    assert isinstance(done.exception, InputError)


def test_pools_that_the_registry_lacks_are_left_out_and_named(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = tuple(
        Proposal("template", PoolSlug(pool), "gone-templates", date(2023, 1, 1), None, "medium", ())
        for pool in ("gone", "viabtc", "solo.own")
    )

    async def stored(_: object) -> tuple[Proposal, ...]:
        return made

    monkeypatch.setattr("monitor.cli.registry.proposals._stored", stored)
    done = run("--accept", "gone-templates")
    assert done.exit_code == 0, done.output
    assert "does not have them: gone, solo.own" in done.output
    known = load_registry(RegistrySection(user_file=file)).memberships
    assert known.of("template", VIABTC, START) == "gone-templates"


@pytest.mark.usefixtures("file")
def test_an_unknown_group_is_refused() -> None:
    assert run("--accept", "nobody").exit_code != 0


def test_measured_groups_take_the_place_of_listed_ones_only_on_request() -> None:
    listed = load_registry()
    made = [Proposal("template", F2POOL, "viabtc-templates", date(2023, 1, 1), None, "medium", ())]
    btccom = PoolSlug("btccom")
    assert with_measured(listed, made, template=False, custodian=True) is listed
    known = with_measured(listed, made, template=True, custodian=False).memberships
    assert known.of("template", F2POOL, START) == "viabtc-templates"
    assert listed.memberships.of("template", btccom, START + 300 * DAY) is not None
    assert known.of("template", btccom, START + 300 * DAY) is None
    assert known.of("operator", btccom, START) == listed.memberships.of("operator", btccom, START)


def test_doubtful_memberships_are_bounded() -> None:
    """Each combination of them is an alternative that is counted."""
    made = [
        Proposal(
            "template", F2POOL, f"group{year}", date(year, 1, 1), until=date(year, 6, 1), confidence="low", evidence=()
        )
        for year in range(2000, 2025)
    ]  # fmt: skip
    rows = [
        row for row in with_measured(load_registry(), made, template=True, custodian=False).memberships.stated
        if row.pool == F2POOL and row.template
    ]  # fmt: skip
    assert sorted(str(row.template) for row in rows) == [f"group{year}" for year in range(2017, 2025)]
