"""`lwd keys`: makes, shows, replaces, disables and enables the API keys of a keys file.

Owns the options and how results are shown. What a key is and how the file is written is lwd.auth's.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

from lwd.auth.keyfile import read_keys, update_keys
from lwd.auth.keys import Key, fingerprint, new_id, new_secret
from lwd.cli.command import Command
from lwd.cli.options import config_option, json_option, whole_number
from lwd.cli.output import Row, or_dash, show_json, show_table
from lwd.cli.stdout import checked_stdout
from lwd.config import load_config
from lwd.errors import StartError, UsageError

_COLUMNS = ("Id", "State", "Label", "Streams", "Handshakes/min", "Created", "Expires")

_LIMIT = whole_number(1, 10_000)

_Function = Callable[..., None]


def _complete_id(context: click.Context, _: click.Parameter, begun: str) -> list[CompletionItem]:
    """The ids in the file that is meant, with the labels; none where it cannot be read."""
    try:
        listed = read_keys(_file(context.params.get("file"), context.params.get("config")))
    except StartError:
        return []
    return [CompletionItem(key.id, help=key.label) for key in listed if key.id.startswith(begun)]


_id_argument = click.argument("key_id", metavar="ID", shell_complete=_complete_id)


class _Time(click.DateTime):
    """A day, or a time to the second."""

    def __init__(self) -> None:
        super().__init__(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%SZ"])

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        """Raise click's error with examples in place of formats."""
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter:
            self.fail(f"{value}; expected 2027-01-31 or 2027-01-31T12:00:00Z", param, ctx)


@click.group()
def keys() -> None:
    """Make, list, rotate, disable and enable API keys."""


def _common_options(command: _Function) -> _Function:
    """The two ways to say which file is meant, and the form of the answer."""
    for option in (
        json_option,
        config_option,
        click.option(
            "--file",
            metavar="FILE",
            type=click.Path(path_type=Path),
            help="The keys file (auth.keys_file).",
        ),
    ):
        command = option(command)
    return command


@keys.command(
    cls=Command,
    examples={
        "lwd keys add 'front desk' --streams 4": "A key with a limit:",
        "KEY=$(lwd keys add guest --expires 2027-01-31)": "A key for a shell, until the end of a month:",
    },
)
@click.argument("label")
@click.option("--streams", type=_LIMIT, metavar="N", help="Most streams of the key at once.")
@click.option(
    "--handshakes-per-minute", type=_LIMIT, metavar="N", help="Most new streams in a minute."
)
@click.option(
    "--expires",
    type=_Time(),
    metavar="DATE",
    help="When it ends, UTC: 2027-01-31 or 2027-01-31T12:00:00Z.",
)
@_common_options
def add(
    *,
    label: str,
    streams: int | None,
    handshakes_per_minute: int | None,
    expires: datetime | None,
    file: Path | None,
    config: Path | None,
    as_json: bool,
) -> None:
    """Make a key and print it, this once; the file is made if there is none, and lwd says so."""
    if not label.strip():
        raise UsageError("LABEL is empty; say whose the key is, such as 'front desk'")
    now, ends = _now(), expires and expires.replace(tzinfo=UTC)
    if ends and ends <= now:
        raise UsageError(f"--expires {_text(ends)}: is past; name a time to come, in UTC")
    secret = new_secret()
    key = Key(
        id=new_id(),
        sha256=fingerprint(secret),
        label=label,
        streams=streams,
        handshakes_per_minute=handshakes_per_minute,
        created=now,
        expires=ends,
    )
    path = _file(file, config)
    is_first = not path.exists()
    update_keys(path, lambda keys: (*keys, key), lambda: _hand_over(key, secret, as_json=as_json))
    if is_first:
        click.echo(
            f"{path} is new: no other key is in it, and none but its owner may read it.", err=True
        )


@keys.command(
    name="list",
    cls=Command,
    examples={"lwd keys list --file /var/lib/lwd/keys.json": "The keys of a file:"},
)
@_common_options
def list_(*, file: Path | None, config: Path | None, as_json: bool) -> None:
    """Show the keys, without the keys themselves."""
    listed = read_keys(_file(file, config))
    if as_json:
        show_json([_fields(key) for key in listed])
    else:
        now = _now()
        rows = [Row(_cells(key), strong=key.state(now) == "enabled") for key in listed]
        show_table(_COLUMNS, rows)


@keys.command(cls=Command, examples={"lwd keys disable 4f2a91c0": "After a key was lost:"})
@_id_argument
@_common_options
def disable(*, key_id: str, file: Path | None, config: Path | None, as_json: bool) -> None:
    """Let nobody in with a key any more; streams that are open go on."""
    _show(_change(_file(file, config), key_id, partial(replace, disabled=True)), as_json=as_json)


@keys.command(cls=Command, examples={"lwd keys enable 4f2a91c0": "After it was found again:"})
@_id_argument
@_common_options
def enable(*, key_id: str, file: Path | None, config: Path | None, as_json: bool) -> None:
    """Let a key in again that was disabled; one that has expired stays so."""
    _show(_change(_file(file, config), key_id, partial(replace, disabled=False)), as_json=as_json)


@keys.command(cls=Command, examples={"lwd keys rotate 4f2a91c0": "A new key for the same user:"})
@_id_argument
@_common_options
def rotate(*, key_id: str, file: Path | None, config: Path | None, as_json: bool) -> None:
    """Replace a key by a new one with the same id and limits, and print it, this once.

    The old one and its tokens are refused from then on. A key that is disabled or has expired is
    not replaced, as the new one would let nobody in either.
    """
    secret = new_secret()
    _change(
        _file(file, config),
        key_id,
        partial(_rotated, sha256=fingerprint(secret)),
        partial(_hand_over, secret=secret, as_json=as_json),
    )


def _rotated(key: Key, sha256: str) -> Key:
    match key.state(_now()):
        case "disabled":
            raise UsageError(f"{key.id}: is disabled; lwd keys enable {key.id} lets it in again")
        case "expired":
            raise UsageError(f"{key.id}: has expired; lwd keys add makes another")
    return replace(key, sha256=sha256, generation=key.generation + 1)


def _file(file: Path | None, config: Path | None) -> Path:
    path = file.expanduser() if file else load_config(config).auth.keys_file
    if path is None:
        raise UsageError("no keys file is named; name one with --file, or by auth.keys_file")
    return path


def _change(
    path: Path,
    key_id: str,
    change: Callable[[Key], Key],
    tell: Callable[[Key], None] = lambda _: None,
) -> Key:
    """Change the key of that id in the file once `tell` has told of it; return what it is now."""
    read_keys(path)  # where there is no file, that is the fault
    changed: list[Key] = []

    def change_one(keys: tuple[Key, ...]) -> tuple[Key, ...]:
        changed.extend(change(key) for key in keys if key.id == key_id)
        if not changed:
            raise UsageError(f"{key_id}: no key in {path} has this id; lwd keys list shows all")
        return tuple(changed[0] if key.id == key_id else key for key in keys)

    update_keys(path, change_one, lambda: tell(changed[0]))
    return changed[0]


def _hand_over(key: Key, secret: str, *, as_json: bool) -> None:
    """Print the key alone, so that a shell can take it; raises OutputUnwritable."""
    with checked_stdout(must_be_read=True):
        if as_json:
            show_json({**_fields(key), "key": secret})
        else:
            click.echo(secret)
    if not as_json:
        click.echo(
            f"The key {key.id} is shown this once; lwd keeps no more than its hash.", err=True
        )


def _show(key: Key, *, as_json: bool) -> None:
    if as_json:
        show_json(_fields(key))
    else:
        click.echo(f"{key.id}: {key.state(_now())}")


def _fields(key: Key) -> dict[str, object]:
    return {
        "id": key.id,
        "state": key.state(_now()),
        "label": key.label,
        "streams": key.streams,
        "handshakes_per_minute": key.handshakes_per_minute,
        "created": key.created and _text(key.created),
        "expires": key.expires and _text(key.expires),
    }


def _cells(key: Key) -> list[str]:
    return [or_dash(value) for value in _fields(key).values()]


def _text(time: datetime) -> str:
    """As the file has it."""
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)
