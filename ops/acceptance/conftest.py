"""What `make test-ops` needs: a daemon with a key, a certificate, and proxies before the daemon."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from proxy import LINEUP, SETTINGS, Front, Proxy, make_certificate, missing

from tests.conftest import model_store, speech_file
from tests.e2e.conftest import Daemon, StartDaemon, start_daemon

__all__ = ["model_store", "speech_file", "start_daemon"]


def pytest_sessionstart() -> None:
    """Refuse to run half of what there is."""
    if absent := missing():
        pytest.exit(f"install what is missing, on Debian: apt-get install {' '.join(absent)}", 1)


@pytest.fixture(scope="session")
def daemon(start_daemon: StartDaemon) -> Daemon:
    """The daemon that most tests share."""
    return start_daemon(**SETTINGS)


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of a certificate for localhost, which the SDK trusts too."""
    return make_certificate(tmp_path_factory.mktemp("tls") / "dev-cert")


@pytest.fixture(scope="session")
def front(tmp_path_factory: pytest.TempPathFactory, certificate: Path) -> Iterator[Front]:
    """Start all three proxies before one port, or several."""
    running: list[Proxy] = []

    def start(*backends: int) -> list[Proxy]:
        directory = tmp_path_factory.mktemp("proxies")
        started = [kind(directory / kind.name, certificate, *backends) for kind in LINEUP]
        running.extend(started)
        return started

    yield start
    for proxy in running:
        proxy.stop()


@pytest.fixture(scope="session")
def proxies(front: Front, daemon: Daemon) -> list[Proxy]:
    """All three, before the shared daemon."""
    return front(daemon.port)


@pytest.fixture(params=[kind.name for kind in LINEUP])
def proxy(request: pytest.FixtureRequest, proxies: list[Proxy]) -> Proxy:
    """Each of them."""
    [one] = [proxy for proxy in proxies if proxy.name == request.param]
    return one


@pytest.fixture(autouse=True)
def _trust(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate / "lwd.crt"))
