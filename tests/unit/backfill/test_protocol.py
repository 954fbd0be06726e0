"""What daemon and worker tell each other is values as JSON: nothing that could be run."""

from __future__ import annotations

import ast
from datetime import date
from pathlib import Path

import pytest
from pydantic import SecretStr
from support.fake_chain import BEFORE_ALL, chain_on, judge

import monitor
from monitor.backfill.protocol import (
    BackfillJob,
    FilesScanned,
    Finished,
    Message,
    SourceExhausted,
    SourceStarted,
    decode,
    decode_job,
    encode,
    encode_job,
)
from monitor.backfill.segments import MissingBlocks
from monitor.config import NodeSection, Override, RegistrySection
from monitor.model import NO_BLOCK, BlockRef
from monitor.store.rows import RowBatch

BLOCKS = chain_on(BEFORE_ALL, 3)


@pytest.mark.parametrize(
    "message",
    [
        SourceStarted("block files"),
        FilesScanned(3, 7),
        SourceExhausted("rest block", "it is 'pruned'\n"),
        Finished(),
        Finished(gap="pruned", fault="ü", refused=True),
        RowBatch.of(judge(BLOCKS[:2]), judge(BLOCKS[2:], pool=None)),
    ],
)
def test_a_message_arrives_as_it_was_sent(message: Message) -> None:
    line = encode(message)
    assert line.count(b"\n") == 1
    assert decode(line) == message
    with pytest.raises((ValueError, KeyError, TypeError)):
        decode(line[: len(line) // 2])


def test_a_job_arrives_with_its_password() -> None:
    job = BackfillJob(
        NodeSection(name="home", user="u", password=SecretStr("hunter2"), blocks_dir=Path("/blocks")),
        RegistrySection(overrides=(Override(pool="luxor", template="own", since=date(2024, 1, 2)),)),
        "regtest",
        wanted=MissingBlocks(BlockRef(5, NO_BLOCK), 1, BlockRef(9, NO_BLOCK), 100),
        niceness=10,
    )
    assert decode_job(encode_job(job)) == job


@pytest.mark.parametrize(
    "line",
    [
        b'{"node":{"user":"u","password":"hunter2"},',
        b'{"node":{"user":"u","password":"hunter2","url":5}}',
        b'{"node":{"user":"u","password":["hunter2"]}}',
    ],
)
def test_a_job_that_cannot_be_read_does_not_show_its_password(line: bytes) -> None:
    with pytest.raises(ValueError, match=r"the job cannot be read; invalid: (JSON|node)") as raised:
        decode_job(line)
    assert "unter2" not in str(raised.value)


def test_no_module_uses_a_shell_or_runs_what_it_reads() -> None:
    forbidden = {"pickle", "marshal", "shelve", "dill"}
    for path in Path(monitor.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import | ast.ImportFrom):
                names = [each.name for each in node.names] + [getattr(node, "module", None)]
                assert not forbidden & {str(name).partition(".")[0] for name in names}, path
            if isinstance(node, ast.Call):
                assert not any(each.arg == "shell" for each in node.keywords), path
                assert getattr(node.func, "id", None) not in {"eval", "exec"}, path
                assert getattr(node.func, "attr", None) not in {"popen", "create_subprocess_shell"}, path
