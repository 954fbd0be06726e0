"""What a unit for systemd has the kernel's seccomp refuse, for a test: there, no systemd would do it.

Each of the unit's lines becomes a program for the kernel that does what systemd.exec(5) says. The command line

    python seccomp.py PROGRAMS COMMAND...

submits to such programs and becomes the command.
"""

from __future__ import annotations

import ctypes
import errno
import os
import re
import struct
import subprocess
import sys
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import system_calls

_PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS = 22, 38
_MODE_FILTER = 2
_LOAD, _AND, _JUMP_IF_EQUAL, _RETURN = 0x20, 0x54, 0x15, 0x06
"""Instructions of classic BPF: a word of the call into the accumulator, and what becomes of it."""
_ALLOW, _REFUSE, _KILL = 0x7FFF_0000, 0x0005_0000, 0x8000_0000
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16
"""Where a call's words are (`struct seccomp_data`); of an argument the lower half comes first."""
_WHOLE = 0xFFFF_FFFF

ARCHITECTURES = {"x86_64": ("x86_64", 0xC000_003E), "aarch64": ("arm64", 0xC000_00B7)}
"""By machine: the name of the table of numbers, and what the kernel calls it."""

_FAMILIES = {"AF_UNIX": 1, "AF_INET": 2, "AF_INET6": 10}
_ORDINARY_POLICIES = (0, 3, 5)
"""SCHED_OTHER, SCHED_BATCH, SCHED_IDLE: what is not real time."""
_WRITE_EXECUTE, _EXECUTE, _SHM_EXECUTE = 0x6, 0x4, 0o100000
_NEW_NAMESPACES = 0x7E02_0000


@dataclass(frozen=True, slots=True)
class Rule:
    """A call passes only where these bits of an argument have one of these values."""

    call: str
    argument: int = 0
    bits: int = 0
    values: tuple[int, ...] = ()
    refusal: int = errno.EPERM


_RULES = {
    "RestrictRealtime": (Rule("sched_setscheduler", 1, _WHOLE, _ORDINARY_POLICIES),),
    "MemoryDenyWriteExecute": (
        Rule("mmap", 2, _WRITE_EXECUTE, (0, 2, 4)),
        Rule("mprotect", 2, _EXECUTE, (0,)),
        Rule("pkey_mprotect", 2, _EXECUTE, (0,)),
        Rule("shmat", 2, _SHM_EXECUTE, (0,)),
    ),
    "RestrictNamespaces": (
        Rule("clone", 0, _NEW_NAMESPACES, (0,)),
        Rule("clone3", refusal=errno.ENOSYS),  # what it is to make cannot be seen
        Rule("unshare", 0, _NEW_NAMESPACES, (0,)),
        Rule("setns"),
    ),
}


def confined(unit: str, analyze: Path) -> list[str]:
    """The beginning of a command line under what this unit's lines refuse: the command follows."""
    settings = defaultdict(list)
    for name, value in re.findall(r"^(\w+)=(.*)$", unit, re.MULTILINE):
        settings[name].append(value)
    rules = [rule for name, rules in _RULES.items() if settings[name][-1:] == ["yes"] for rule in rules]
    for families in settings["RestrictAddressFamilies"]:
        allowed = tuple(_FAMILIES[family] for family in families.split())
        rules.append(Rule("socket", 0, _WHOLE, allowed, errno.EAFNOSUPPORT))
    sets = _sets(analyze)
    refusal = getattr(errno, settings["SystemCallErrorNumber"][-1])
    return only(*map(of_rule, rules), _of_calls(_allowed(settings["SystemCallFilter"], sets), sets, refusal))


def only(*programs: bytes) -> list[str]:
    """The beginning of a command line under what these programs refuse: the command follows."""
    return [sys.executable, "-P", __file__, ",".join(program.hex() for program in programs)]


def of_rule(rule: Rule) -> bytes:
    """The program that keeps a rule."""
    count = len(rule.values)
    return _assembled(
        (_LOAD, 0, 0, _NUMBER),
        (_JUMP_IF_EQUAL, 0, count + 3, _numbers({rule.call})[0]),
        (_LOAD, 0, 0, _ARGUMENTS + 8 * rule.argument),
        (_AND, 0, 0, rule.bits),
        *((_JUMP_IF_EQUAL, count - at, 0, value) for at, value in enumerate(rule.values)),
        (_RETURN, 0, 0, _REFUSE | rule.refusal),
        (_RETURN, 0, 0, _ALLOW),
    )


def _of_calls(allowed: set[str], sets: dict[str, list[str]], refusal: int) -> bytes:
    """The program that lets pass what is allowed. A call that systemd has never heard of is one that is not there."""
    return _assembled(
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_JUMP_IF_EQUAL, 1, 0, ARCHITECTURES[os.uname().machine][1]),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER),
        *_each(allowed, _ALLOW),
        *_each(_expanded(["@known"], sets) - allowed, _REFUSE | refusal),
        (_RETURN, 0, 0, _REFUSE | errno.ENOSYS),
    )


def _each(calls: set[str], answer: int) -> list[tuple[int, int, int, int]]:
    pairs = [((_JUMP_IF_EQUAL, 0, 1, number), (_RETURN, 0, 0, answer)) for number in _numbers(calls)]
    return [instruction for pair in pairs for instruction in pair]


def _assembled(*instructions: tuple[int, int, int, int]) -> bytes:
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in instructions)


def _numbers(calls: set[str]) -> list[int]:
    """Those of the calls that this architecture has."""
    table = system_calls.syscalls()
    found = []
    for call in sorted(calls):
        try:
            found.append(table.get(call, ARCHITECTURES[os.uname().machine][0]))
        except (system_calls.NotSupportedSystemCall, system_calls.NoSuchSystemCall):
            continue
    return found


def _allowed(lines: list[str], sets: dict[str, list[str]]) -> set[str]:
    """What the lines of SystemCallFilter= come to, one after the other."""
    assert not lines[0].startswith("~"), "a list of what is allowed comes first"
    allowed = _expanded(["@default"], sets)
    for line in lines:
        named = _expanded(line.removeprefix("~").split(), sets)
        allowed = allowed - named if line.startswith("~") else allowed | named
    return allowed


def _expanded(names: list[str], sets: dict[str, list[str]]) -> set[str]:
    calls = {name for name in names if not name.startswith("@")}
    return calls.union(*(_expanded(sets[name], sets) for name in names if name.startswith("@")))


def _sets(analyze: Path) -> dict[str, list[str]]:
    """The sets of calls as systemd has them; they hold calls and each other."""
    command: list[str | Path] = [analyze, "--no-pager", "syscall-filter"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    sets: dict[str, list[str]] = {}
    for line in printed.splitlines():
        if line.startswith("@"):
            sets[line.strip()] = members = []
        elif line.startswith(" ") and not line.strip().startswith("#"):
            members.append(line.strip())
    return sets


class _Program(ctypes.Structure):
    """`struct sock_fprog`."""

    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def _submit(program: bytes) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    argument = ctypes.byref(_Program(len(program) // 8, program))
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or libc.prctl(_PR_SET_SECCOMP, _MODE_FILTER, argument, 0, 0):
        raise OSError(ctypes.get_errno(), "the kernel does not take the filter")


if __name__ == "__main__":
    for one in sys.argv[1].split(","):
        _submit(bytes.fromhex(one))
    os.execvp(sys.argv[2], sys.argv[2:])  # noqa: S606 -- that is what it is for
