"""Signs beside numbers whose runs were computed by uncommitted, other or older code, or on other hardware than the rest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

from pkbench.claims.groups import ModelSummary
from pkbench.claims.hardware import code, code_key, device
from pkbench.plan.run import RESULT_VERSION
from pkbench.report.study import Study
from pkbench.report.words import counted
from pkbench.store.kinds import AnyRecord

if TYPE_CHECKING:
    from pkbench.report.checks import CheckStudy

DIRTY, CODE, HARDWARE, VERSION = "§", "†", "‡", "¶"
_SHOWN: Final = 4
"""Names and circumstances that a legend lists before it counts the rest."""


@dataclass(frozen=True)
class Marks:
    """The signs of one study: what is unusual is judged by what most of its records have in common."""

    records: Mapping[str, AnyRecord]
    """Every record that a number may rest on, by id."""
    groups: Mapping[str, tuple[str, ...]]
    """Ids of the records behind each model, comparison or claim, by what a legend calls it."""
    older: Mapping[str, tuple[int, ...]]
    """Result versions of records that no number rests on any more, by what a legend calls their model."""

    @cached_property
    def _usual(self) -> tuple[object, str] | None:
        """The code and the hardware of most records; of equally frequent ones the first by name."""
        used = [self.records[run_id] for ids in self.groups.values() for run_id in ids]
        if not used:
            return None
        codes, devices = Counter(map(code_key, used)), Counter(map(device, used))
        return min(codes, key=lambda key: (-codes[key], str(key))), min(devices, key=lambda key: (-devices[key], key))

    def of(self, run_ids: Iterable[str], name: str = "") -> str:
        """The signs for a number made from the records ``run_ids``, those of the model called ``name`` included."""
        signs = {sign for run_id in run_ids if run_id in self.records for sign in self._signs(self.records[run_id])}
        if name in self.older:
            signs.add(VERSION)
        return "".join(sign for sign in (DIRTY, CODE, HARDWARE, VERSION) if sign in signs)

    def legend(self) -> list[str]:
        """A sentence for each sign that is used: what it says, about which runs."""
        lines = []
        for sign, what in (
            (DIRTY, "computed with uncommitted changes to the code, so that no commit gives it"),
            (CODE, "computed by other code than most"),
            (HARDWARE, "computed on other hardware than most"),
        ):
            marked = {
                name: [i for i in ids if sign in self._signs(self.records[i])] for name, ids in self.groups.items()
            }
            where = [
                f"{name} ({len(found)} of {counted(len(self.groups[name]), 'record')})"
                for name, found in marked.items()
                if found
            ]
            if where:
                records = [self.records[run_id] for found in marked.values() for run_id in found]
                how = sorted({device(record) if sign == HARDWARE else code(record) for record in records})
                lines.append(f"{sign} {what}: {_some(where)} – {_some(how)}")
        if self.older:
            versions = sorted({version for found in self.older.values() for version in found})
            lines.append(
                f"{VERSION} there are results by code that computed other numbers (result version {_some(map(str, versions))}, "
                f"now {RESULT_VERSION}), which are not used: {_some(sorted(self.older))}"
            )
        return lines

    def _signs(self, record: AnyRecord) -> str:
        signs = DIRTY if record.code.dirty else ""
        if self._usual is not None:
            signs += CODE if code_key(record) != self._usual[0] else ""
            signs += HARDWARE if device(record) != self._usual[1] else ""
        return signs


def marks(study: Study) -> Marks:
    """The signs of a study of trained models."""
    groups = {
        model_name(summary.model_id, summary.data_id): summary.run_ids
        for summary in study.evaluation.models
        if summary.run_ids
    }
    wanted = {run.run_id for run in study.runs}
    older: dict[str, set[int]] = {}
    for run_id, record in study.records.items():
        version = record.config.get("result_version")
        if record.profile == study.evaluation.profile and run_id not in wanted and version != RESULT_VERSION:
            older.setdefault(model_name(record.labels.model, record.labels.data), set()).add(
                version if isinstance(version, int) else 0
            )
    records: dict[str, AnyRecord] = {**study.records, **study.comparisons}
    return Marks(records, groups, {name: tuple(sorted(found)) for name, found in older.items()})


def check_marks(study: CheckStudy) -> Marks:
    """The signs of a study of computed claims."""
    groups = {found.claim_id: (found.run_id,) for found in study.verdicts if found.run_id in study.records}
    return Marks(study.records, groups, {})


def model_name(model_id: str, data_id: str) -> str:
    """What a legend calls the runs of a model on a data set."""
    return f"{model_id} on {data_id}"


def signs_of(found: Marks, summary: ModelSummary) -> str:
    """The signs beside the numbers of one model on one data set."""
    return found.of(summary.run_ids, model_name(summary.model_id, summary.data_id))


def marked(text: str, signs: str) -> str:
    """``text`` with ``signs`` after it."""
    return f"{text} {signs}" if signs else text


def _some(names: Iterable[str]) -> str:
    """The first few of ``names``, and how many more there are."""
    listed = list(names)
    more = f" and {len(listed) - _SHOWN} more" if len(listed) > _SHOWN else ""
    return ", ".join(listed[:_SHOWN]) + more
