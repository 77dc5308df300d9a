"""Where results go, so that one can predict it: beside the folder of the spec, unless told otherwise."""

from __future__ import annotations

import os
from pathlib import Path


def project_folder(spec_path: Path) -> Path:
    """The folder a spec belongs to: the parent of its ``specs/`` folder, or else the folder it lies in."""
    folder = spec_path.resolve().parent
    return folder.parent if folder.name == "specs" else folder


def results_folder(spec_path: Path, override: Path | None = None) -> Path:
    """``override``, or ``$PKBENCH_RESULTS``, or ``results/`` in the spec's project folder."""
    if override is not None:
        return override.resolve()
    configured = os.environ.get("PKBENCH_RESULTS")
    if configured:
        return Path(configured).resolve()
    return project_folder(spec_path) / "results"
