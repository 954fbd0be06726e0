"""Whether libzmq can run in this process."""

from __future__ import annotations

import ctypes
import os
import threading

_SCHED_PARAM_BYTES = 64
"""More than `struct sched_param` has in any C library."""

REMEDY = (
    "allow the system calls sched_getparam, sched_getscheduler and sched_setscheduler, "
    "in a systemd unit with SystemCallFilter=sched_setscheduler"
)


def refusal() -> str | None:
    """Why libzmq must not be started; None if it may.

    Each thread of libzmq sets its scheduling policy to the current one, and libzmq aborts the process if a system call
    filter forbids that. So the same call, which changes nothing, is tried here first.
    """
    libc = ctypes.CDLL(None)
    thread = ctypes.c_ulong(threading.get_ident())
    policy, parameters = ctypes.c_int(), ctypes.create_string_buffer(_SCHED_PARAM_BYTES)
    code: int = libc.pthread_getschedparam(thread, ctypes.byref(policy), parameters)
    code = code or libc.pthread_setschedparam(thread, policy, parameters)
    return f"threads may not set their scheduling policy: {os.strerror(code)}" if code else None
