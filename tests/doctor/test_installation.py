"""What the doctor says of lwd itself on a machine."""

import json
import os
import shutil
import socket
import sys
from pathlib import Path

import pytest

from lwd.config import Config, load_config
from lwd.doctor.findings import Finding
from lwd.doctor.installation import check_installation
from tests.barred import barred

ROOT = Path(__file__).resolve().parents[2]


def config(tmp_path: Path, **settings: object) -> Config:
    """Settings by their keys, with `__` for the dot."""
    overrides = {name.replace("__", "."): value for name, value in settings.items()}
    free = {"server.port": 0, "ops.listen": "127.0.0.1:0", "model.store": str(tmp_path)}
    return load_config(None, {**free, **overrides}, {})


def find(name: str, configured: Config, platform: str = "linux", **answers: str) -> Finding:
    """What is found of one thing; `answers` by the name of the command."""
    findings = check_installation(configured, lambda *command: answers.get(command[0]), platform)
    [finding] = [one for one in findings if one.check == name]
    return finding


def test_a_model_that_is_missing_or_damaged_is_pulled(tmp_path: Path) -> None:
    """The finding has the command; its memory cannot be told."""
    configured = config(tmp_path, model__name="tiny.en")

    found = find("model tiny.en", configured)

    assert (found.status, found.remedy) == ("fail", "lwd models pull tiny.en")
    assert "tiny.en" not in found.shown.partition(";")[0]
    assert find("memory", configured).status == "skip"


def test_a_model_without_access_is_not_pulled(model_store: Path, tmp_path: Path) -> None:
    """The remedy shows whose it is; the other checks go on."""
    configured = config(tmp_path, model__name="tiny.en", model__store=str(model_store))

    with barred(model_store):
        found = find("model tiny.en", configured)
        assert find("memory", configured).status == "skip"

    assert (found.status, "Permission denied" in found.shown) == ("fail", True)
    assert found.remedy == f"sudo ls -ld {model_store} {model_store / 'tiny.en'}"


def test_memory_is_weighed_against_models_and_streams(model_store: Path, tmp_path: Path) -> None:
    """More streams and replicas need more; what does not fit fails."""
    small = config(tmp_path, model__name="tiny.en", model__store=str(model_store))
    large = config(
        tmp_path,
        model__name="base",
        model__store=str(model_store),
        model__replicas=16,
        engine__cache_limit_mb=1 << 20,
    )

    assert find("model tiny.en", small).status == "ok"
    assert find("memory", small).status == "ok"
    assert find("memory", large).status == "fail"


def test_a_home_in_which_no_kernel_can_be_kept_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No engine would start; the nearest directory that is there is named."""
    monkeypatch.setenv("HOME", str(tmp_path))
    cache = tmp_path / ".cache"
    cache.mkdir()
    assert find("kernels", config(tmp_path)).status == "ok"

    monkeypatch.setattr("os.access", lambda path, mode: mode == os.F_OK and Path(path).exists())
    found = find("kernels", config(tmp_path))

    assert (found.status, found.remedy) == ("fail", f"ls -ld {cache}")


def test_a_log_must_be_writable_and_fit(tmp_path: Path) -> None:
    """Else lwd does not start, or loses events one day."""
    there = tmp_path / "lwd.log"

    assert find("log", config(tmp_path)).status == "ok"
    assert find("log", config(tmp_path, log__file=str(there))).status == "ok"
    missing = find("log", config(tmp_path, log__file=f"{tmp_path}/none/lwd.log"))
    assert (missing.status, missing.remedy) == ("fail", f"mkdir -p {tmp_path}/none")
    large = config(tmp_path, log__file=str(there), log__max_bytes=1 << 40, log__keep=1000)
    assert find("log", large).status == "warn"


def test_a_log_that_cannot_be_rotated_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that can be written is not enough where lwd begins new ones itself."""
    there = tmp_path / "lwd.log"
    there.touch()
    monkeypatch.setattr("os.access", lambda path, mode: path != tmp_path or mode == os.F_OK)

    found = find("log", config(tmp_path, log__file=str(there)))

    assert (found.status, found.remedy) == ("fail", f"ls -ld {tmp_path}")
    assert "its directory cannot" in found.shown
    external = config(tmp_path, log__file=str(there), log__rotate="external")
    assert find("log", external).status == "ok"


@pytest.mark.parametrize("rotate", ["size", "external"])
def test_a_full_disk_of_the_log_is_told(
    rotate: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be another than that of the models, and says how much is free."""
    logs = tmp_path / "logs"
    logs.mkdir()
    usage = shutil.disk_usage(tmp_path)
    free = {logs: 0, tmp_path: 1 << 40}
    monkeypatch.setattr("shutil.disk_usage", lambda path: usage._replace(free=free[path]))
    configured = config(tmp_path, log__file=str(logs / "lwd.log"), log__rotate=rotate)

    full = find("log", configured)
    free[logs] = 64 << 20
    room = find("log", configured)

    assert (full.status, full.shown) == ("fail", f"the disk of {logs} is full, 0 MB free")
    assert (room.status, "64 MB free" in room.shown) == ("warn" if rotate == "size" else "ok", True)
    assert find("disk", configured).status == "ok"


def test_a_log_that_cannot_be_read_tells_no_end(tmp_path: Path) -> None:
    """The doctor goes on where it is called as somebody else."""
    log = tmp_path / "logs" / "lwd.log"
    log.parent.mkdir()
    log.touch()

    with barred(log.parent):
        found = find("last end", config(tmp_path, log__file=str(log)))

    assert (found.status, found.shown) == ("skip", f"{log}: Permission denied")


@pytest.mark.parametrize(
    ("events", "status"),
    [
        (["ready", "stopped"], "ok"),
        (["ready", "stream_ended", "stopped", "engine_ready", "ready"], "ok"),
        (["ready", "stream_ended", "engine_ready", "ready"], "warn"),
        (["ready", "stalled", "engine_ready", "ready"], "warn"),
        (["ready", "ready", "stopped", "ready"], "ok"),
        (["ready", "stream_ended", "ready", "stopped"], "ok"),
        (["stream_ended"], "ok"),
        ([], "ok"),
    ],
)
def test_the_last_end_is_read_from_the_log(events: list[str], status: str, tmp_path: Path) -> None:
    """A daemon that begins anew without having stopped has crashed, at about this time."""
    log = tmp_path / "lwd.log"
    lines = [json.dumps({"event": event, "timestamp": f"t{n}"}) for n, event in enumerate(events)]
    log.write_text("no json\n[1]\n" + "".join(f"{line}\n" for line in lines))

    found = find("last end", config(tmp_path, log__file=str(log)))

    assert found.status == status
    assert status == "ok" or "after t1" in found.shown


@pytest.mark.parametrize(
    ("events", "status"),
    [
        (["ready", "stream_started"], "warn"),
        (["rejected", "stream_ended"], "warn"),
        (["stopped", "ready"], "warn"),
        (["ready", "stream_ended", "stopped"], "ok"),
        (["ready", "stopped", "engine_start_failed"], "ok"),
        ([], "ok"),
    ],
)
def test_one_that_is_gone_without_a_word_has_crashed(
    events: list[str], status: str, unused_tcp_port: int, tmp_path: Path
) -> None:
    """Where nobody has the port, the last daemon must have stopped as told."""
    log = tmp_path / "lwd.log"
    lines = [json.dumps({"event": event, "timestamp": f"t{n}"}) for n, event in enumerate(events)]
    log.write_text("".join(f"{line}\n" for line in lines))
    configured = config(tmp_path, log__file=str(log), server__port=unused_tcp_port)

    found = find("last end", configured)

    assert found.status == status
    assert status == "ok" or "after t1" in found.shown
    with socket.create_server(("127.0.0.1", unused_tcp_port)):
        assert find("last end", configured).status == "ok"


def test_the_port_for_haproxy_is_looked_at_where_it_is_set(
    tmp_path: Path, unused_tcp_port: int
) -> None:
    """It is taken before models load, and lwd does not start without it."""
    at = f"127.0.0.1:{unused_tcp_port}"
    configured = config(tmp_path, ops__agent_listen=at)

    assert find("agent port", configured).shown == f"{at} is free"
    findings = check_installation(config(tmp_path), lambda *_: None, "linux")
    assert "agent port" not in [one.check for one in findings]


def test_a_blas_is_made_for_the_python_that_lacks_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`make setup` would mend a checkout, not the release that asks."""
    monkeypatch.setattr("lwd.doctor.installation._OPENBLAS", (str(tmp_path / "none.so"),))

    found = find("BLAS", config(tmp_path))

    python, script, requirements = found.remedy.split()
    assert (found.status, python) == ("fail", sys.executable)
    assert (ROOT / script).is_file()
    assert (ROOT / requirements).is_file()


def test_a_compiler_makes_engines_quicker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """MLX does without one, and says nothing of it: the doctor does."""
    configured = config(tmp_path)
    (tmp_path / "g++").touch(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find("compiler", configured).status == "ok"

    (tmp_path / "g++").unlink()
    missing = find("compiler", configured)
    assert (missing.status, missing.shown) == ("warn", "no g++")
    assert find("compiler", configured, "darwin").status == "skip"


def test_a_service_is_asked_for_where_there_is_a_keeper(tmp_path: Path) -> None:
    """By launchd on macOS, by systemd elsewhere, and not at all without either."""
    configured = config(tmp_path)

    assert (
        find("service", configured, "darwin", launchctl="system/io.lwd.server = {").status == "ok"
    )
    missing = find("service", configured, "darwin")
    assert (missing.status, "launchctl bootstrap" in missing.remedy) == ("warn", True)
    assert find("service", configured, "linux", systemctl="active").status == "ok"
    assert find("service", configured, "linux").status == "skip"
    assert find("BLAS", configured, "darwin").status == "skip"
