"""Whether libzmq can run in this process."""

from __future__ import annotations

import ctypes
import os
import threading

_SCHED_PARAM_BYTES = 64
"""More than `struct sched_param` has in any C library."""

REMEDY = (
    "allow the system calls sched_getparam, sched_getscheduler and sched_setscheduler, "
    "in a unit for systemd by SystemCallFilter=sched_setscheduler"
)


def refusal() -> str | None:
    """Why libzmq must not be started here; None where it may be.

    Each of its threads sets the scheduling policy that it has already. Where a filter of system calls refuses that,
    libzmq aborts the process. So the same call is made here first; it changes nothing.
    """
    libc = ctypes.CDLL(None)
    thread = ctypes.c_ulong(threading.get_ident())
    policy, parameters = ctypes.c_int(), ctypes.create_string_buffer(_SCHED_PARAM_BYTES)
    code: int = libc.pthread_getschedparam(thread, ctypes.byref(policy), parameters)
    code = code or libc.pthread_setschedparam(thread, policy, parameters)
    return f"no thread may set its scheduling policy: {os.strerror(code)}" if code else None
