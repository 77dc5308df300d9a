"""Getting data from the internet: only on request, only through torchvision, which checks what it gets."""

from __future__ import annotations

import contextlib
import sys
import tarfile
import zlib
from http.client import HTTPException
from pathlib import Path

from filelock import FileLock, Timeout

from pkbench.data.faults import one_line
from pkbench.data.identity import content_files
from pkbench.data.layout import absent_files, layout_of, torchvision_root
from pkbench.errors import DataError
from pkbench.spec.data import AnyData, TorchvisionData

_FAILURES = (
    *(OSError, RuntimeError, HTTPException),
    *(tarfile.TarError, zlib.error, EOFError),
    *(ValueError, TypeError, LookupError, AssertionError),
)
"""What torchvision raises when it cannot reach a server or write, extract a file, or parse what came."""


def fetch(data: AnyData, base: Path) -> bool:
    """Make sure that the files of ``data`` are here and whole, downloading what torchvision can.

    Files that torchvision cannot read are removed and fetched again.

    Args:
        data: the data set.
        base: folder of the spec, where relative paths begin.

    Returns:
        Whether anything had to be downloaded.

    Raises:
        DataError: the download failed, or the data is the user's own and not there.
    """
    if not isinstance(data, TorchvisionData):
        # Nothing to download: generated data needs no file, and for the others this says where the files would have to be, if they are not.
        content_files(data, base)
        return False
    root = torchvision_root(data, base)
    try:
        root.mkdir(parents=True, exist_ok=True)
        with FileLock(root / ".pkbench-get.lock", timeout=0):
            return _fetch(data, root)
    except Timeout as error:
        raise DataError(
            f"another process is fetching into {root}", remedy="wait until it is done, then try again"
        ) from error
    except OSError as error:
        raise DataError(
            f"cannot write to {root}: {error.strerror or error}",
            remedy="free space, or set PKBENCH_DATA to another folder",
        ) from error


def _fetch(data: TorchvisionData, root: Path) -> bool:
    """Download ``data`` into ``root`` unless it is there and readable."""
    from pkbench.data.sources import torchvision_sets

    if not absent_files(data, root):
        try:
            torchvision_sets.parts(data, root)
        except DataError:
            # torchvision takes MNIST's files for good once they exist: half-extracted ones have to go first.
            _remove(data, root)
        else:
            return False
    # torchvision prints; standard output belongs to our own command.
    with contextlib.redirect_stdout(sys.stderr):
        for train in (True, False):
            try:
                torchvision_sets.open_part(data, root, train=train, download=True)
            except _FAILURES as error:
                raise _download_error(data, root, error) from error
    torchvision_sets.parts(data, root)
    return True


def _remove(data: TorchvisionData, root: Path) -> None:
    """Remove the extracted content files of ``data``."""
    for name in layout_of(data).content:
        (root / name).unlink(missing_ok=True)


def _download_error(data: TorchvisionData, root: Path, error: Exception) -> DataError:
    """One line for whatever went wrong underneath."""
    reason = one_line(str(error)) or type(error).__name__
    return DataError(
        f"data set {data.id} ({data.source}) could not be downloaded: {reason}",
        constraint="it comes from torchvision's servers and is checked there",
        remedy=(
            "check the network and its proxy (HTTPS_PROXY) and try again, or copy the extracted files "
            f"({', '.join(layout_of(data).content[:2])}, …) from another machine into {root}"
        ),
    )
