"""Verdicts of one spec at one profile, from its runs and their records."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pkbench.claims.assess import assess
from pkbench.claims.conclude import conclude
from pkbench.claims.grid import with_grid_notes
from pkbench.claims.groups import ModelSummary, group_runs, summarise
from pkbench.claims.hardware import mixture_notes
from pkbench.claims.samples import Material
from pkbench.claims.selection import final_errors, record_of
from pkbench.claims.verdict import Verdict
from pkbench.plan.run import Run, canonical_json
from pkbench.spec.scale import Scaled, scaled_train
from pkbench.store.comparison_record import ComparisonRecord
from pkbench.store.record import Record


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What is known of one spec at one profile."""

    spec_id: str
    profile: str
    scope: str
    verdicts: tuple[Verdict, ...]
    """One for each claim and data set, in the spec's order."""
    models: tuple[ModelSummary, ...]
    """One for each data set and model, in the spec's order."""
    notes: tuple[str, ...]
    """What a reader must know of the runs as a whole."""
    planned: int
    finished: int
    failed: int

    def outcomes(self) -> dict[str, int]:
        """How many verdicts there are of each outcome."""
        return dict(Counter(verdict.outcome for verdict in self.verdicts))


def evaluate(
    scaled: Scaled,
    runs: Sequence[Run],
    records: Mapping[str, Record],
    comparisons: Mapping[str, ComparisonRecord] | None = None,
) -> Evaluation:
    """Verdicts on every claim of ``scaled``; ``runs`` are all of its runs, ``records`` and ``comparisons`` are by id.

    Records of runs that are not in ``runs`` have no influence on a verdict.
    """
    groups = group_runs(scaled, runs, records)
    used = [data.id for data in scaled.data]
    material = Material(scaled, groups, records, runs, comparisons or {})
    found = [
        assess(claim, data_id, material)
        for claim in scaled.spec.claim
        for data_id in (used if claim.data is None else claim.data)
    ]
    finished = sum(final_errors(run, records) is not None for run in runs)
    failed = sum(record.status == "failed" for run in runs if (record := record_of(run, records)) is not None)
    return Evaluation(
        spec_id=scaled.spec.experiment.id,
        profile=scaled.profile_name,
        scope=scaled.profile.scope,
        verdicts=with_grid_notes(material, found, conclude(scaled, found)),
        models=tuple(summarise(groups[model.id, data_id]) for data_id in used for model in scaled.models),
        notes=(
            *_state_notes(len(runs), finished, failed),
            *_seed_note(scaled),
            *_other_records(scaled, runs, records),
            *mixture_notes(runs, records),
        ),
        planned=len(runs),
        finished=finished,
        failed=failed,
    )


def _state_notes(planned: int, finished: int, failed: int) -> list[str]:
    """How much of the plan is done."""
    notes = []
    if failed:
        notes.append(f"{failed} of {planned} runs failed")
    if finished + failed < planned:
        notes.append(f"{planned - finished - failed} of {planned} runs have not finished")
    return notes


def _seed_note(scaled: Scaled) -> list[str]:
    """A warning where the number of seeds is not the spec's."""
    own = scaled_train(scaled.spec.train, scaled.profile).seeds
    now = scaled.train.seeds
    if now == own:
        return []
    return [
        f"{len(now)} seeds were asked for, the spec has {len(own)}: if that was decided after seeing results, "
        "the p values are too small"
    ]


def _other_records(scaled: Scaled, runs: Sequence[Run], records: Mapping[str, Record]) -> list[str]:
    """Records of this profile that no verdict uses: of further seeds, or of settings the spec no longer asks for."""
    wanted = {run.run_id for run in runs}
    settings = {_without_seed(run.config) for run in runs}
    others = [
        record for run_id, record in records.items() if record.profile == scaled.profile_name and run_id not in wanted
    ]
    seeds = {record.labels.seed for record in others if _without_seed(record.config) in settings}
    stale = sum(_without_seed(record.config) not in settings for record in others)
    notes = []
    if seeds:
        count = len(seeds | set(scaled.train.seeds))
        notes.append(
            f"there are results of {len(seeds)} further seeds, which are not used; --seeds {count} asks for them"
        )
    if stale:
        notes.append(f"{stale} records of this profile are of settings the spec no longer asks for; they are not used")
    return notes


def _without_seed(config: Mapping[str, Any]) -> str:
    return canonical_json({key: value for key, value in config.items() if key != "seed"})
