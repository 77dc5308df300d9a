"""The whole story of one recorded result: what it is of, what came out, how, where it is and who uses it."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pkbench.execute.prepare import at_profile
from pkbench.plan.changes import flatten
from pkbench.report.checks import CheckStudy
from pkbench.report.study import Study
from pkbench.results.find_run import Located, label_of
from pkbench.spec.load import LoadedSpec
from pkbench.store.check_record import CheckRecord
from pkbench.store.record import Epoch, Record

_BARS: Final = "▁▂▃▄▅▆▇█"
_WIDTH: Final = 60


@dataclass(frozen=True, slots=True)
class Use:
    """A claim that rests on the result."""

    claim: str
    profile: str | None
    data: str | None
    outcome: str
    role: str
    """On which side of the claim it stands."""


@dataclass(frozen=True, slots=True)
class Story:
    """What there is to tell."""

    located: Located
    label: str
    config: dict[str, object]
    """What determines the result, one level of dotted names."""
    files: tuple[Path, ...]
    uses: tuple[Use, ...]
    again: str
    """The command that computes it again."""

    def as_data(self) -> dict[str, Any]:
        """The story as JSON values."""
        return {
            "id": self.located.record.run_id,
            "label": self.label,
            "spec": self.located.subject.spec_id,
            "sha256": self.located.checksum,
            "files": [str(path) for path in self.files],
            "uses": [
                {"claim": u.claim, "profile": u.profile, "data": u.data, "outcome": u.outcome, "role": u.role}
                for u in self.uses
            ],
            "again": self.again,
            "record": self.located.record.model_dump(mode="json"),
        }


def story(located: Located, studies: Sequence[Study | CheckStudy]) -> Story:
    """The story of ``located``; ``studies`` are those of its spec, by which it is told which claims use it."""
    record, subject = located.record, located.subject
    weights = subject.store.weights_path(subject.spec_id, record.run_id)
    return Story(
        located=located,
        label=label_of(record),
        config=flatten(record.config),
        files=(located.path, *([weights] if weights.is_file() else [])),
        uses=tuple(use for study in studies for use in _uses(study, record.run_id)),
        again=_command(located),
    )


def sparkline(epochs: Sequence[Epoch], what: str) -> str:
    """``what`` of each epoch that has it (``train_loss``, ``test_error`` …), drawn between its own least and greatest value."""
    values = [value for epoch in epochs if (value := getattr(epoch, what)) is not None]
    if not values:
        return ""
    if len(values) > _WIDTH:
        values = [values[(len(values) - 1) * place // (_WIDTH - 1)] for place in range(_WIDTH)]
    low, high = min(values), max(values)
    scale = (len(_BARS) - 1) / (high - low) if high > low else 0.0
    return "".join(_BARS[round((value - low) * scale)] for value in values)


def _uses(study: Study | CheckStudy, run_id: str) -> list[Use]:
    if isinstance(study, CheckStudy):
        return [
            Use(verdict.claim_id, None, None, verdict.outcome, "its finding")
            for verdict in study.verdicts
            if verdict.run_id == run_id
        ]
    found = []
    for verdict in study.evaluation.verdicts:
        for side, ids in ((verdict.a, verdict.runs_a), (verdict.b or "", verdict.runs_b)):
            if run_id in ids:
                role = f"one of {len(ids)} of {side}"
                found.append(Use(verdict.claim_id, verdict.profile, verdict.data_id, verdict.outcome, role))
    return found


def _command(located: Located) -> str:
    record, subject = located.record, located.subject
    spec = shlex.quote(subject.typed)
    if isinstance(record, CheckRecord):
        return f"pkbench run {spec} --fresh"
    if not isinstance(record, Record):
        return f"pkbench run {spec} --profile {record.profile} --fresh"
    labels = record.labels
    only = shlex.quote(f"{labels.model}/{labels.data}/{labels.seed}")
    return f"pkbench run {spec} --profile {record.profile}{_seeds(located, record)} --only {only} --fresh"


def _seeds(located: Located, record: Record) -> str:
    """The option that asks for the record's seed where the spec does not: further seeds are the smallest that it does not use."""
    loaded, seed = located.subject.loaded, record.labels.seed
    if not isinstance(loaded, LoadedSpec) or record.profile not in loaded.spec.profile:
        return ""
    own = at_profile(loaded, record.profile).train.seeds
    return "" if seed in own else f" --seeds {len([n for n in range(seed) if n not in own]) + len(own) + 1}"
