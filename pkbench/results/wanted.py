"""What a spec asks for, at all of its profiles: by what results can be told that nobody asks for any more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pkbench.execute.prepare import at_profile, data_checksums
from pkbench.plan.check import checks_of
from pkbench.plan.compare import comparisons
from pkbench.plan.run import Run, canonical_json, expand
from pkbench.plan.select import with_seed_count
from pkbench.report.manifest import wanted_records
from pkbench.report.study import known_checksums
from pkbench.results.subject import Subject
from pkbench.spec.load import LoadedChecks, LoadedSpec
from pkbench.spec.scale import Scaled
from pkbench.store.record import Record


def scaled_runs(
    loaded: LoadedSpec, profile: str, seeds: int | None, records: Mapping[str, Record]
) -> tuple[Scaled, Sequence[Run]]:
    """``loaded`` at ``profile`` and its runs; data that is not here is known by ``records``, as in a report.

    Raises:
        UsageError: there is no such profile.
    """
    scaled = at_profile(loaded, profile)
    if seeds is not None:
        scaled = with_seed_count(scaled, seeds)
    here, _ = data_checksums(scaled, loaded.path.parent)
    known, _ = known_checksums(scaled, here, records.values())
    return scaled, tuple(expand(scaled, known))


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a spec asks for at all of its profiles together; nothing where it is not valid or not here."""

    names: frozenset[str] = frozenset()
    """``runs/ID``, ``comparisons/ID`` and ``checks/ID``."""
    settings: frozenset[str] = frozenset()
    """Every configuration of a run with its seed left out, as text: further seeds of it are no strangers."""
    compared: frozenset[str] = frozenset()
    """Ids of runs that a comparison needs the weights of."""

    @property
    def ids(self) -> frozenset[str]:
        """The ids of ``names``."""
        return frozenset(name.partition("/")[2] for name in self.names)

    def has_settings_of(self, record: Record) -> bool:
        """Whether ``record`` is of a run that is asked for, or of a further seed of one."""
        return without_seed(record.config) in self.settings


def wanted(subject: Subject, records: Mapping[str, Record]) -> Wanted:
    """What the spec of ``subject`` asks for; ``records`` are those of its runs, by which data that is not here is known."""
    loaded = subject.loaded
    if isinstance(loaded, LoadedChecks):
        return Wanted(frozenset(f"checks/{check.run_id}" for check in checks_of(loaded.spec)))
    if loaded is None:
        return Wanted()
    names: set[str] = set()
    settings: set[str] = set()
    compared: set[str] = set()
    for profile in loaded.spec.profile:
        scaled, runs = scaled_runs(loaded, profile, None, records)
        names |= set(wanted_records(scaled, runs))
        settings |= {without_seed(run.config) for run in runs}
        compared |= {str(run.run_id) for pair in comparisons(scaled.compares, runs) for run in (pair.a, pair.b)}
    return Wanted(frozenset(names), frozenset(settings), frozenset(compared))


def without_seed(config: Mapping[str, object]) -> str:
    """``config`` as text that is the same for all seeds."""
    return canonical_json({key: value for key, value in config.items() if key != "seed"})
