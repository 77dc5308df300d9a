"""From spec files to what is recorded of them: what ``report`` and ``claims`` have in common."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pkbench.report.checks import CheckStudy
    from pkbench.report.study import Study
    from pkbench.spec.load import LoadedChecks, LoadedSpec


def default_profile(loaded: LoadedSpec) -> str:
    """The profile that is meant where none is named: quick, or else the first."""
    names: list[str] = list(loaded.spec.profile)
    return "quick" if "quick" in names else names[0]


def studies_of(loaded: LoadedSpec, profile: str | None, results: Path | None, seeds: int | None) -> list[Study]:
    """``loaded`` at ``profile``, or else at its default one and every other with records.

    Args:
        loaded: the spec.
        profile: one of its profiles.
        results: results folder, in place of the one beside the spec.
        seeds: number of seeds, in place of the spec's.

    Raises:
        UsageError: the spec has no such profile.
    """
    from dataclasses import replace

    from pkbench.execute.prepare import at_profile, data_checksums
    from pkbench.plan.select import with_seed_count
    from pkbench.report.study import read_records, study
    from pkbench.store.files import Store
    from pkbench.store.places import results_folder

    store = Store(results_folder(loaded.path, results))
    scan = read_records(store, loaded.spec.experiment.id)
    compared = store.scan_comparisons(loaded.spec.experiment.id)
    if profile is not None:
        names = [profile]
    else:
        recorded = {default_profile(loaded), *(record.profile for record in scan.records.values())}
        names = [name for name in loaded.spec.profile if name in recorded]
    studies = []
    for name in names:
        scaled = at_profile(loaded, name)
        if seeds is not None:
            scaled = with_seed_count(scaled, seeds)
        here, _ = data_checksums(scaled, loaded.path.parent)
        # Without the file's place on this machine, so that the report is the same on every one.
        warnings = (str(replace(fault, place=replace(fault.place, file="line"))) for fault in loaded.warnings)
        studies.append(study(scaled, loaded.path, loaded.sha256, scan, here, warnings=warnings, compared=compared))
    return studies


def check_study_of(loaded: LoadedChecks, results: Path | None) -> CheckStudy:
    """What is recorded of the claims of ``loaded``, which are computed."""
    from pkbench.report.checks import check_study
    from pkbench.store.files import Store
    from pkbench.store.places import results_folder

    return check_study(loaded, Store(results_folder(loaded.path, results)))
