"""Which server `probe` and `bench` try: one that runs, or a daemon started for the purpose."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import click

from lwd.cli.options import server_url
from lwd.config import load_config
from lwd.errors import DaemonEnded
from lwd.trial.daemon import Server, throw_away_daemon

DAEMON_ENDS = (65, 69, 70, 73, 78)
"""How a daemon ends that says why it does not start."""


@contextmanager
def tried(
    url: str | None,
    key: str | None,
    config: Path | None,
    *,
    start: bool,
    settings: Mapping[str, str] = {},
) -> Iterator[Server]:
    """The server at `url`, else that of the configuration; with `start` one of its own.

    `settings` are LWD_* variables for the latter. Where it says why it does not start, that is all
    that is said, and its exit status is the command's.
    """
    if not start:
        yield Server(url or _configured(config), key)
        return
    try:
        with throw_away_daemon(config, settings) as server:
            yield server
    except DaemonEnded as error:
        if error.status in DAEMON_ENDS:
            click.get_current_context().exit(error.status)
        raise


def _configured(config: Path | None) -> str:
    server = load_config(config).server
    # Where it listens on all addresses it is reached by the machine's own.
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(server.host, server.host)  # noqa: S104 - not bound here
    return server_url(host, server.port)
