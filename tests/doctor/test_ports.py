"""What the doctor says of the ports."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import pytest

from lwd.config import LimitsConfig
from lwd.doctor.commands import ask
from lwd.doctor.findings import Finding
from lwd.doctor.ports import check_port
from lwd.port import bind
from lwd.server.admission import Streams
from lwd.server.agent import answering as serving_agent


def check(port: int, **answers: str) -> Finding:
    """What is found of a port; `answers` by the name of the command."""
    return check_port("port", "server", "127.0.0.1", port, lambda *command: answers.get(command[0]))


@contextmanager
def answering(text: bytes, *, is_asked: bool = True) -> Iterator[int]:
    """A program on a port that says that to the first who asks, or comes."""

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            if is_asked:
                connection.recv(4096)
            connection.sendall(text)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        thread.join(30)


@pytest.mark.parametrize(
    ("text", "status"),
    [
        (b"HTTP/1.0 200 OK\r\ndg-request-id: 1\r\n\r\nok\n", "ok"),
        (b"HTTP/1.0 503 No\r\ndg-request-id: 1\r\n\r\ndraining\n", "warn"),
        (b"HTTP/1.0 200 OK\r\n\r\nsomebody else\n", "fail"),
        (b"SSH-2.0-OpenSSH_9.9\r\n", "fail"),
        (b"", "fail"),
    ],
)
def test_a_port_is_free_or_lwds(text: bytes, status: str) -> None:
    """A doctor may be called while lwd runs and serves; another program on its port is a fault."""
    with answering(text) as port:
        found = check(port)

    assert found.status == status


def test_one_that_is_full_says_so() -> None:
    """Its refusal is lwd's too, and has the reason."""
    text = b"HTTP/1.1 503 No\r\ndg-request-id: 1\r\ndg-error: As many as may be\r\n\r\n{}"
    with answering(text) as port:
        found = check(port)

    assert (found.status, found.remedy) == ("warn", "lwd status")
    assert found.shown.endswith("lwd answers As many as may be")


async def test_the_port_for_haproxy_is_asked_in_its_own_way() -> None:
    """What is there speaks no HTTP, and another program that does not speak so is a fault."""
    streams = Streams(LimitsConfig())
    listener = bind("agent", "127.0.0.1", 0)
    port = listener.getsockname()[1]

    def look(port: int) -> Finding:
        return check_port("agent port", "agent", "127.0.0.1", port, lambda *_: None)

    async with serving_agent(listener, streams):
        well = await asyncio.to_thread(look, port)
        streams.is_draining = True
        draining = await asyncio.to_thread(look, port)
    with answering(b"SSH-2.0-OpenSSH_9.9\r\n", is_asked=False) as other:
        fault = await asyncio.to_thread(look, other)
    free = await asyncio.to_thread(look, port)

    assert (well.status, well.shown) == ("ok", f"127.0.0.1:{port}: lwd answers ready up 100%")
    assert (draining.status, draining.remedy) == ("warn", "lwd status")
    assert (fault.status, free.status) == ("fail", "ok")


@pytest.mark.parametrize(
    "answers",
    [
        {"lsof": "4711\n", "ps": "/opt/lwd/current/.venv/bin/python -m lwd serve --config x\n"},
        {"lsof": "4711\n", "ps": "/opt/a/bin/python /opt/a/bin/lwd serve\n"},
        {"ss": 'LISTEN 0 128 *:9000 *:* users:(("python",pid=4711,fd=7))', "ps": "lwd serve"},
    ],
)
def test_an_lwd_that_hangs_is_no_other_program(answers: dict[str, str]) -> None:
    """It is known by its process, and the remedy has its stacks written."""
    with answering(b"") as port:
        found = check(port, **answers)

    assert found.status == "fail"
    assert "lwd has it (process 4711) and does not answer" in found.shown
    assert found.remedy.startswith("kill -ABRT 4711")


@pytest.mark.parametrize(
    ("answers", "meaning"),
    [
        ({"lsof": "4711\n", "ps": "nginx: master process"}, "another program has it, and"),
        ({"lsof": "4711\n", "ps": "python -m lwd.asr.worker"}, "another program has it, and"),
        ({}, "another program has it, or an lwd that hangs"),
    ],
)
def test_what_is_not_known_to_be_lwd_is_not_killed(answers: dict[str, str], meaning: str) -> None:
    """The remedy only shows who it is; where nobody tells, it may be lwd all the same."""
    with answering(b"") as port:
        found = check(port, **answers)

    assert (found.status, found.meaning.startswith(meaning)) == ("fail", True)
    assert found.remedy.endswith(f"lsof -nP -iTCP:{port} -sTCP:LISTEN")


def test_a_server_that_is_stopped_is_found_by_its_process(
    tmp_path: Path, unused_tcp_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the system's own commands; the remedy ends even one that was stopped."""
    monkeypatch.setattr("lwd.doctor.ports._ANSWER_S", 0.2)
    script = tmp_path / "lwd"
    script.write_text(
        "import socket, sys, time\n"
        f"s = socket.create_server(('127.0.0.1', {unused_tcp_port}))\n"
        "print(flush=True)\ntime.sleep(600)\n"
    )
    with subprocess.Popen([sys.executable, script, "serve"], stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"\n"
            os.kill(process.pid, signal.SIGSTOP)

            found = check_port("port", "server", "127.0.0.1", unused_tcp_port, ask)

            assert f"process {process.pid}" in found.shown
            subprocess.run(["sh", "-c", found.remedy], check=False)  # noqa: S607 - the system's
            assert process.wait(30) == -signal.SIGABRT
        finally:
            process.kill()
