"""The options that several commands share, each with one name, one meaning and one default."""

import sys
from io import FileIO
from pathlib import Path

import click

from lwd.client.address import DEFAULT_PORT, EXAMPLES
from lwd.errors import InputUnreadable, UsageError

DEFAULT_URL = f"ws://127.0.0.1:{DEFAULT_PORT}"
"""Where a server with the default configuration is."""


def server_url(host: str, port: int) -> str:
    """The address of a server that listens there."""
    return f"ws://[{host}]:{port}" if ":" in host else f"ws://{host}:{port}"


FILE = click.Path(readable=False)
"""A path as it was typed, which shells complete; what is there is for the command to tell."""

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")

messages_option = click.option(
    "--json", "as_json", is_flag=True, help="Print the server's messages as they are, one a line."
)

config_option = click.option(
    "--config",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="YAML file of the configuration.",
)

_SERVER = f"Server, such as {EXAMPLES}"

url_option = click.option(
    "--url",
    metavar="URL",
    default=DEFAULT_URL,
    show_default=True,
    help=f"{_SERVER}.",
)

tried_url_option = click.option(
    "--url", metavar="URL", help=f"{_SERVER}; else the one of the configuration."
)


def _sendable(_: click.Context, __: click.Parameter, key: str | None) -> str | None:
    """The key without what a file puts around it; raises UsageError where no header can hold it."""
    if key is None:
        return None
    key = key.strip()
    if not key.isprintable():
        raise UsageError("--key: the key holds a character that no request can carry")
    return key


key_option = click.option(
    "--key",
    metavar="KEY",
    callback=_sendable,
    envvar="DEEPGRAM_API_KEY",
    show_envvar=True,
    help="API key of the server.",
)

start_option = click.option(
    "--start", is_flag=True, help="Start a daemon for this on a free port, and stop it afterwards."
)


def audio_source(name: str) -> Path | FileIO:
    """The file that is named, or standard input for `-`; raises InputUnreadable for a URL."""
    if not name:
        raise UsageError("FILE is empty; expected a path, or - for standard input")
    if "://" in name:
        raise InputUnreadable(
            f"{name} is a URL; download it first, or use lwd collect for what yt-dlp reads"
        )
    if name != "-":
        return Path(name)
    # Unbuffered: Python aborts when it exits while a thread waits in a buffered read.
    stdin = FileIO(sys.stdin.fileno(), closefd=False)
    stdin.name = "standard input"
    return stdin


def read_text(option: str, path: Path) -> str:
    """The text of the file that an option names; raises InputUnreadable."""
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise InputUnreadable(f"{option} {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InputUnreadable(f"{option} {path}: it is no text in UTF-8") from error


def whole_number(least: int, most: int) -> click.IntRange:
    """A type whose every message tells the bounds."""
    kind = click.IntRange(least, most)
    kind.name = f"whole number from {least} to {most}"
    return kind


def number(least: float, most: float) -> click.FloatRange:
    """A type whose every message tells the bounds."""
    kind = click.FloatRange(least, most)
    kind.name = f"number from {least:g} to {most:g}"
    return kind
