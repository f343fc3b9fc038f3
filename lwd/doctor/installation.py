"""lwd itself on this machine: configuration, models, memory, log, ports, service and last end.

Whatever a check finds broken, the others go on.
"""

import ctypes
import json
import os
import resource
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from lwd.asr.host import MAKE_BLAS, kernel_directory, nearest
from lwd.asr.shares import has_gpu
from lwd.config import Config, LogConfig
from lwd.config.values import split_address
from lwd.doctor.commands import Ask
from lwd.doctor.findings import Finding, ok, skip
from lwd.doctor.ports import check_port
from lwd.errors import AddressUnavailable, ModelCorrupt, ModelUnavailable, ModelUnreadable
from lwd.models.store import ModelStore
from lwd.port import bind

LABEL = "io.lwd.server"
"""What launchd knows the daemon by."""

_FILES_ASIDE = 200
_LEAST_FREE_BYTES = 1 << 30
_FULL_BYTES = 1 << 20
_STREAM_BYTES = 4 << 20
_DAEMON_BYTES = 200 << 20
_OPENBLAS = (Path(sys.prefix) / "lib" / "lwd" / "libopenblas.so", "libopenblas.so.0")
_LAST_LINES_BYTES = 1 << 16
_ASKED_AS = "it is asked as the user that runs this command"


def check_installation(config: Config, ask: Ask, platform: str = sys.platform) -> Iterator[Finding]:
    """Everything about the installation."""
    yield from _models(config)
    yield _memory(config)
    yield _files(config)
    yield _disk(config.model.store)
    yield _kernels()
    yield _log(config)
    yield check_port("port", "server", config.server.host, config.server.port, ask)
    yield check_port("ops port", "ops", config.ops.host, config.ops.port, ask)
    if config.ops.agent_listen is not None:
        yield check_port("agent port", "agent", *split_address(config.ops.agent_listen), ask)
    yield _blas(platform)
    yield _compiler(platform)
    yield _service(ask, platform)
    yield _last_end(config)


def _models(config: Config) -> Iterator[Finding]:
    store = ModelStore(config.model.store)
    for name in config.model.loaded:
        check = f"model {name}"
        try:
            store.verify(name)
        except ModelUnreadable as error:
            meaning = f"lwd does not start without it; {_ASKED_AS}"
            remedy = f"sudo ls -ld {store.root} {store.root / name}"
            yield Finding(check, "fail", str(error), meaning, remedy)
        except (ModelCorrupt, ModelUnavailable) as error:
            meaning = "lwd does not start without it"
            yield Finding(
                check,
                "fail",
                str(error).removeprefix(f"{check}: "),
                meaning,
                f"lwd models pull {name}",
            )
        else:
            yield ok(check, "every byte is as it was installed")


def _memory(config: Config) -> Finding:
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    store = ModelStore(config.model.store)
    try:
        weights = sum(store.files(name).size for name in config.model.loaded)
    except (ModelCorrupt, ModelUnavailable):
        return skip("memory", "the models cannot be weighed")
    replicas = config.model.replicas or (1 if has_gpu() else 4)
    engine = 2 * weights + (config.engine.cache_limit_mb or 512) * (1 << 20)
    needed = _DAEMON_BYTES + replicas * engine + config.limits.streams * _STREAM_BYTES
    shown = f"{_size(needed)} needed at most, of {_size(total)}"
    if needed <= total * 3 // 4:
        return ok("memory", shown)
    return Finding(
        "memory",
        "warn" if needed <= total else "fail",
        shown,
        "a machine that swaps answers late; lower model.replicas or limits.streams, or serve a"
        " smaller model",
    )


def _files(config: Config) -> Finding:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = config.limits.most_connections + _FILES_ASIDE
    shown = "no limit" if hard == resource.RLIM_INFINITY else f"{hard}"
    if hard == resource.RLIM_INFINITY or hard >= wanted:
        return ok("open files", shown)
    return Finding(
        "open files",
        "warn",
        shown,
        f"limits.connections needs {wanted}; lwd takes fewer connections than configured",
        f"ulimit -Hn {wanted}",
    )


def _disk(store: Path) -> Finding:
    there = nearest(store)
    free = shutil.disk_usage(there).free
    if free >= _LEAST_FREE_BYTES:
        return ok("disk", f"{_size(free)} free")
    meaning = "no other model can be installed, and soon nothing is logged"
    return Finding("disk", "warn", f"{_size(free)} free", meaning, f"du -sh {there}/*")


def _kernels() -> Finding:
    wanted = kernel_directory()
    there = nearest(wanted)
    if os.access(there, os.W_OK | os.X_OK):
        return ok("kernels", str(wanted))
    shown = f"{wanted}: {there} cannot be written"
    meaning = f"no engine starts, as MLX keeps there what it compiles; {_ASKED_AS}"
    return Finding("kernels", "fail", shown, meaning, f"ls -ld {there}")


def _log(config: Config) -> Finding:
    file = config.log.file
    if file is None:
        return ok("log", "to stderr")
    target = file if os.access(file, os.F_OK) else file.parent
    meaning = f"lwd does not start; {_ASKED_AS}"
    if not os.access(target, os.F_OK):
        return Finding("log", "fail", f"{target} is not there", meaning, f"mkdir -p {target}")
    if not os.access(target, os.W_OK):
        return Finding("log", "fail", f"{target} cannot be written", meaning, f"ls -ld {target}")
    return _log_goes_on(config.log, file)


def _log_goes_on(config: LogConfig, file: Path) -> Finding:
    """Whether what can be written today can be written for as long as lwd runs."""
    rotates = config.rotate == "size"
    if rotates and not os.access(file.parent, os.W_OK):
        shown = f"{file} can be written, but its directory cannot"
        meaning = f"events are lost once the file is full (log.max_bytes); {_ASKED_AS}"
        return Finding("log", "fail", shown, meaning, f"ls -ld {file.parent}")
    free = shutil.disk_usage(file.parent).free
    if free < _FULL_BYTES:
        shown = f"the disk of {file.parent} is full, {_size(free)} free"
        return Finding("log", "fail", shown, "events are lost", f"du -sh {file.parent}/*")
    more = config.max_bytes * (config.keep + 1) - _size_of_all(file)
    shown = f"{file}, {_size(free)} free"
    if rotates and more > free:
        meaning = "events are lost when the disk is full; lower log.keep or log.max_bytes"
        return Finding("log", "warn", f"{shown}, and may take {_size(more)} more", meaning)
    return ok("log", shown)


def _size_of_all(file: Path) -> int:
    return sum(one.stat().st_size for one in file.parent.glob(f"{file.name}*"))


def _blas(platform: str) -> Finding:
    if platform != "linux":
        return skip("BLAS", "only on Linux; macOS has its own")
    for candidate in _OPENBLAS:
        try:
            ctypes.CDLL(str(candidate))
        except OSError:
            continue
        return ok("BLAS", Path(candidate).name)
    meaning = (
        "MLX multiplies matrices about 40 times slower than it could; to be made in the checkout"
    )
    return Finding("BLAS", "fail", "no OpenBLAS", meaning, MAKE_BLAS)


def _compiler(platform: str) -> Finding:
    if platform != "linux":
        return skip("compiler", "only on Linux; Metal has its own")
    if shutil.which("g++"):
        return ok("compiler", "g++")
    meaning = "MLX computes some of its functions by slower forms"
    return Finding("compiler", "warn", "no g++", meaning, "apt-get install g++")


def _service(ask: Ask, platform: str) -> Finding:
    """Only the exit status of `launchctl print` means something to programs."""
    if platform == "darwin":
        is_there = ask("launchctl", "print", f"system/{LABEL}") is not None
        remedy = f"sudo launchctl bootstrap system /Library/LaunchDaemons/{LABEL}.plist"
    elif ask("systemctl", "--version") is not None:
        is_there = ask("systemctl", "is-active", "lwd.service") is not None
        remedy = "sudo systemctl enable --now lwd"
    else:
        return skip("service", "no launchd and no systemd here")
    if is_there:
        return ok("service", "loaded")
    meaning = (
        "lwd does not start with the machine; if it is not installed yet, see docs/operations.md"
    )
    return Finding("service", "warn", "not loaded", meaning, remedy)


def _last_end(config: Config) -> Finding:
    """How the daemon ended the last time, as far as its log file tells."""
    check = "last end"
    if config.log.file is None:
        return skip(check, "there is no log file that could tell")
    try:
        with config.log.file.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _LAST_LINES_BYTES))
            events = [event for line in file if (event := _event(line))]
    except OSError as error:
        return skip(check, f"{config.log.file}: {error.strerror}")
    if (at := _crashed_at(events, is_gone=_is_gone(config))) is None:
        return ok(check, "as told, or it still runs")
    stacks = any(event["event"] == "stalled" for event in events)
    meaning = "it was stuck; its stacks are on stderr" if stacks else "it was killed or crashed"
    return Finding(check, "warn", f"without a word, after {at}", meaning, f"less {config.log.file}")


def _is_gone(config: Config) -> bool:
    """Whether nobody has the port, as far as the configuration names one."""
    try:
        bind("server", config.server.host, config.server.port).close()
    except AddressUnavailable:
        return False
    return config.server.port != 0


def _crashed_at(events: list[dict[str, object]], *, is_gone: bool) -> object:
    """When the last daemon that is gone was last heard of, unless it had stopped as told."""
    at = crashed_at = None
    is_serving = False
    for event in events:
        match event["event"]:
            case "ready":
                crashed_at = at if is_serving else None
                is_serving = True
            case "stream_started" | "stream_ended":  # its "ready" may be further back
                is_serving = True
            case "stopped":
                is_serving = False
                crashed_at = None
            case "engine_ready":
                continue
        at = event.get("timestamp")
    return at if is_gone and is_serving else crashed_at


def _event(line: bytes) -> dict[str, object]:
    try:
        event = json.loads(line)
    except ValueError:
        return {}
    return event if isinstance(event, dict) and isinstance(event.get("event"), str) else {}


def _size(n_bytes: int) -> str:
    if n_bytes < 1 << 30:
        return f"{n_bytes / (1 << 20):.0f} MB"
    return f"{n_bytes / (1 << 30):.1f} GB"
