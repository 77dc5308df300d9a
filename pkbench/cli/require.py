"""``pkbench report --require``: a line for each requirement on a verdict, and an exit code for CI."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pkbench.cli.console import say, say_json
from pkbench.results.studies import check_study_of, default_profile, studies_of

if TYPE_CHECKING:
    from pkbench.report.checks import CheckStudy
    from pkbench.report.require import Finding, Requirement
    from pkbench.report.study import Study
    from pkbench.spec.load import LoadedChecks, LoadedSpec

EXIT_UNMET = 1


def check(
    texts: Sequence[str],
    specs: Sequence[str],
    *,
    profile: str | None,
    results: Path | None,
    seeds: int | None,
    json_: bool,
) -> int:
    """Print what is found of each of ``texts``; 0 where all hold, or else 1. Writes nothing.

    Args:
        texts: the requirements, as in :mod:`pkbench.report.require`.
        specs: files or ids of the specs that requirements may name; none: whatever they name is looked up.
        profile: of requirements that name none.
        results: results folder, in place of those beside the specs.
        seeds: number of seeds, in place of the specs'.
        json_: as JSON in place of lines.

    Raises:
        UsageError: a requirement cannot be read, or its spec, profile, claim or data set is not there.
    """
    from pkbench.report.require import parse

    reader = _Reader(specs, results, seeds)
    findings = [reader.judge(requirement, profile) for requirement in [parse(text) for text in texts]]
    for problem in reader.problems():
        say(f"note: {problem}", err=True)
    if json_:
        say_json([_data(finding) for finding in findings])
    else:
        for finding in findings:
            say(finding.line)
    return 0 if all(finding.holds for finding in findings) else EXIT_UNMET


class _Reader:
    """Reads each spec and each profile of it once, however many requirements name it."""

    def __init__(self, specs: Sequence[str], results: Path | None, seeds: int | None) -> None:
        self._given = [self._load(name) for name in specs]
        self._results = results
        self._seeds = seeds
        self._loaded: dict[str, LoadedSpec | LoadedChecks] = {}
        self._studies: dict[tuple[Path, str], Study] = {}
        self._checks: dict[Path, CheckStudy] = {}

    def judge(self, requirement: Requirement, profile: str | None) -> Finding:
        """What is found of ``requirement``, at ``profile`` where it names none."""
        from pkbench.report.require import judge_checks, judge_study
        from pkbench.spec.load import LoadedChecks

        if requirement.spec not in self._loaded:
            self._loaded[requirement.spec] = self._find(requirement.spec)
        loaded = self._loaded[requirement.spec]
        path = loaded.path.resolve()
        if isinstance(loaded, LoadedChecks):
            if path not in self._checks:
                self._checks[path] = check_study_of(loaded, self._results)
            return judge_checks(requirement, self._checks[path])
        name = requirement.profile or profile or default_profile(loaded)
        if (path, name) not in self._studies:
            (self._studies[path, name],) = studies_of(loaded, name, self._results, self._seeds)
        return judge_study(requirement, self._studies[path, name])

    def problems(self) -> list[str]:
        """Damaged records and missing data of everything read, each once."""
        from pkbench.report.words import plain

        studies: tuple[Study | CheckStudy, ...] = (*self._studies.values(), *self._checks.values())
        return list(dict.fromkeys(plain(problem) for study in studies for problem in study.problems))

    def _find(self, name: str) -> LoadedSpec | LoadedChecks:
        from pkbench.errors import UsageError
        from pkbench.spec.words import no_such

        if not self._given:
            return self._load(name)
        for loaded in self._given:
            if name in (loaded.spec.experiment.id, loaded.path.stem, str(loaded.path)):
                return loaded
        what, constraint, remedy = no_such("spec", name, [loaded.spec.experiment.id for loaded in self._given])
        raise UsageError(f"{what} among those given", constraint=constraint, remedy=remedy)

    @staticmethod
    def _load(name: str) -> LoadedSpec | LoadedChecks:
        from pkbench.spec.find import find_spec
        from pkbench.spec.load import load_any

        return load_any(find_spec(name))


def _data(finding: Finding) -> dict[str, Any]:
    return {
        "requirement": finding.requirement.text,
        "claim": finding.name,
        "required": finding.requirement.outcome,
        "holds": finding.holds,
        "found": [dataclasses.asdict(found) for found in finding.found],
    }
