"""Trust marks: what speaks for and against the numbers of a spec at a profile, each in a few words."""

from __future__ import annotations

from dataclasses import dataclass

from pkbench.claims.power import FEWEST
from pkbench.report.provenance import circumstances, commits, used_records
from pkbench.report.study import Study
from pkbench.report.words import counted


@dataclass(frozen=True, slots=True)
class TrustMark:
    """A short statement that is ``good`` or a reason for caution."""

    good: bool
    text: str


def trust_marks(study: Study) -> tuple[TrustMark, ...]:
    """Marks on completeness, seeds, code, machines and the choice of learning rate; the first alone where nothing ran."""
    evaluation = study.evaluation
    done = f"{evaluation.finished} of {counted(evaluation.planned, 'run')} finished"
    if evaluation.failed:
        done += f", {evaluation.failed} failed"
    complete = TrustMark(evaluation.planned == evaluation.finished > 0, done)
    records = used_records(study)
    if not records:
        return (complete,)
    found = [complete, _seeds(study), _code(study), _machines(study), _learning_rate(study)]
    if study.problems:
        found.append(
            TrustMark(
                False, counted(len(study.problems), "problem with records or data", "problems with records or data")
            )
        )
    return tuple(found)


def _seeds(study: Study) -> TrustMark:
    fewest = min((summary.n for summary in study.evaluation.models), default=0)
    few = "" if fewest >= FEWEST else ", too few to decide anything"
    return TrustMark(fewest >= FEWEST, f"{counted(fewest, 'seed')} of each model or more{few}")


def _code(study: Study) -> TrustMark:
    records = used_records(study)
    dirty = sum(record.code.dirty is True for record in records)
    unknown = sum(record.code.commit is None for record in records)
    if dirty:
        return TrustMark(False, f"uncommitted changes in {counted(dirty, 'run')}")
    if unknown:
        return TrustMark(False, f"commit unknown of {counted(unknown, 'run')}")
    found = commits(study)
    return TrustMark(len(found) == 1, f"code of {counted(len(found), 'commit')}, nothing uncommitted")


def _machines(study: Study) -> TrustMark:
    machines = {found.hardware for found, _ in circumstances(study)}
    if len(machines) == 1:
        return TrustMark(True, "the same hardware for all")
    return TrustMark(False, f"{len(machines)} kinds of hardware")


def _learning_rate(study: Study) -> TrustMark:
    rates = len(study.scaled.train.optimizer.lr)
    if rates == 1:
        return TrustMark(False, "one learning rate, not tuned")
    if study.scaled.train.select_lr_by == "test-error":
        return TrustMark(False, f"best of {rates} learning rates on the test images")
    return TrustMark(True, f"best of {rates} learning rates on held-out images")
