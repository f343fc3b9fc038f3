"""Download of a model's files from the Hugging Face hub.

Only `lwd models pull` imports this module: the daemon never opens a connection for its models.
Knows nothing of what is installed.
"""

import io
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

import httpx2
from huggingface_hub import HfApi, constants, hf_hub_url
from huggingface_hub.errors import (
    HfHubHTTPError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.file_download import http_get
from huggingface_hub.hf_api import RepoSibling
from huggingface_hub.utils.tqdm import disable_progress_bars

from lwd.errors import ModelCorrupt, ModelUnavailable
from lwd.models.manifest import Digest, HubSource
from lwd.models.pins import Pin, RemoteFile
from lwd.models.store import Installation

Progress = Callable[[str, int, int], None]
"""Called with a file's name, the bytes that are there and those that there will be."""

_ANSWER_TIMEOUT_S = 20.0


def fetch(
    pin: Pin, installation: Installation, progress: Progress, *, offline: str
) -> tuple[HubSource, dict[str, Digest]]:
    """Download config and weights into the installation's directory, and check them.

    What the pin leaves open is taken from the hub as it is now. A file that an earlier pull left
    unfinished goes on where it ended. Raises ModelUnavailable, which without a connection says
    `offline`, the way to do without; or ModelCorrupt.
    """
    disable_progress_bars()
    # Else the client also tells the hub, and asks it, about the machine that it runs on.
    constants.HF_HUB_DISABLE_TELEMETRY = True
    with _explained(pin, offline):
        info = HfApi().model_info(
            pin.repo,
            revision=pin.revision,
            files_metadata=True,
            timeout=_ANSWER_TIMEOUT_S,
            token=False,
        )
        source = HubSource(pin.repo, pin.revision or str(info.sha))
        offered = {file.rfilename: file for file in info.siblings or ()}
        files = [_resolve(file, source, offered) for file in (pin.config, pin.weights)]
        return source, {
            PurePosixPath(file.path).name: _download(file, source, installation, progress)
            for file in files
        }


def _resolve(file: RemoteFile, source: HubSource, offered: Mapping[str, RepoSibling]) -> RemoteFile:
    """The file with its size and digest as the hub states them, which must be as pinned."""
    found = offered.get(file.path)
    if found is None:
        raise ModelUnavailable(f"{source}: the hub has no {file.path} in it")
    sha256 = found.lfs.sha256 if found.lfs else file.sha256
    if file.sha256 not in (None, sha256):
        raise _differs(source, file.path, str(sha256), str(file.sha256))
    return replace(file, sha256=sha256, size=found.size)


def _download(
    file: RemoteFile, source: HubSource, installation: Installation, progress: Progress
) -> Digest:
    target = installation.directory / PurePosixPath(file.path).name
    path = installation.partial(file.sha256) if file.sha256 else target
    url = hf_hub_url(source.repo, file.path, revision=source.revision)
    total = file.size or 0
    with io.BufferedWriter(_CountedFile(path, lambda n: progress(target.name, n, total))) as out:
        http_get(
            url,
            out,
            resume_size=out.tell(),
            expected_size=file.size,
            # A compressed answer could not be resumed by position.
            headers={"Accept-Encoding": "identity"},
        )
    digest = Digest.of(path)
    if file.sha256 not in (None, digest.sha256):
        path.unlink()
        raise _differs(source, file.path, digest.sha256, str(file.sha256))
    path.rename(target)
    return digest


class _CountedFile(io.FileIO):
    """A file that is written at its end, and tells how long it has become."""

    def __init__(self, path: Path, grown: Callable[[int], None]) -> None:
        super().__init__(path, "ab")
        self._grown = grown

    def write(self, data: Any) -> int:
        """Write as FileIO does."""
        written = super().write(data)
        self._grown(self.tell())
        return written


@contextmanager
def _explained(pin: Pin, offline: str) -> Iterator[None]:
    """Turn what huggingface_hub raises into errors that name a remedy."""
    where = pin.repo if pin.revision is None else f"{pin.repo}@{pin.revision[:12]}"
    again = "run the same command again: it goes on where it ended"
    try:
        yield
    except OfflineModeIsEnabled as error:
        raise ModelUnavailable(f"{where}: HF_HUB_OFFLINE forbids it; unset it to pull") from error
    except (RepositoryNotFoundError, RevisionNotFoundError) as error:
        raise ModelUnavailable(
            f"{where}: the hub {constants.ENDPOINT} does not have it; pull another model, or set "
            f"HF_ENDPOINT to a hub that has it"
        ) from error
    except HfHubHTTPError as error:
        status = error.response.status_code
        raise ModelUnavailable(
            f"{where}: the hub {constants.ENDPOINT} answered with status {status}; {again}"
        ) from error
    except httpx2.HTTPError as error:
        raise ModelUnavailable(
            f"{where}: no connection to the hub {constants.ENDPOINT} ({error}); check the network "
            f"or HTTPS_PROXY and {again}; {offline}"
        ) from error
    except (KeyError, TypeError, ValueError) as error:
        raise ModelUnavailable(
            f"{where}: what answers at {constants.ENDPOINT} is no model hub; check HF_ENDPOINT, and "
            f"whether the network wants a login"
        ) from error
    except OSError as error:
        # Errors of the disk have a number and are explained by the store.
        if error.errno is not None:
            raise
        raise ModelUnavailable(f"{where}: the download was cut short; {again}") from error


def _differs(source: HubSource, path: str, found: str, expected: str) -> ModelCorrupt:
    return ModelCorrupt(
        f"{source}: {path} has SHA-256 {found} instead of {expected}; nothing was "
        f"installed; pull again, and if that does not help, do not trust this hub"
    )
