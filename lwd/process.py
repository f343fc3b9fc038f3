"""What the system says of this process, and the files it may have open.

Only /proc and the C library are asked, so that it is the same on Linux and on macOS.
"""

import ctypes
import os
import resource
import sys
from pathlib import Path

_ENOUGH_FILES = 10_240
"""macOS takes no more for one process, whatever its hard limit says (OPEN_MAX)."""

_RUSAGE_INFO_V0 = 0


class _RusageInfo(ctypes.Structure):
    """`struct rusage_info_v0` of macOS's <sys/resource.h>."""

    _fields_ = (
        ("uuid", ctypes.c_uint8 * 16),
        ("user_time", ctypes.c_uint64),
        ("system_time", ctypes.c_uint64),
        ("idle_wakeups", ctypes.c_uint64),
        ("interrupt_wakeups", ctypes.c_uint64),
        ("pageins", ctypes.c_uint64),
        ("wired_bytes", ctypes.c_uint64),
        ("resident_bytes", ctypes.c_uint64),
        ("footprint_bytes", ctypes.c_uint64),
        ("started", ctypes.c_uint64),
        ("exited", ctypes.c_uint64),
    )


def resident_bytes() -> int:
    """Memory of this process that is in RAM; 0 where the system does not tell."""
    if sys.platform == "darwin":
        info = _RusageInfo()
        libc = ctypes.CDLL(None)
        failed = libc.proc_pid_rusage(os.getpid(), _RUSAGE_INFO_V0, ctypes.byref(info))
        return 0 if failed else int(info.resident_bytes)
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()


def cpu_seconds() -> float:
    """Time of all its threads on a core, without its engines'."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def open_files() -> int:
    """Descriptors that are open."""
    return len(os.listdir("/dev/fd"))  # noqa: PTH208 - pathlib would stat each


def raise_file_limit() -> int:
    """Allow this process as many open files as it may have; how many these are."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _ENOUGH_FILES if hard == resource.RLIM_INFINITY else min(hard, _ENOUGH_FILES)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return wanted if soft == resource.RLIM_INFINITY else soft
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return wanted
