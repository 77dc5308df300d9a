"""Verdicts that hang on one learning rate: each is made again with every single one left out of the grid.

A verdict that a sparser grid would have turned around is about the grid as much as about the models.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pkbench.claims.assess import assess
from pkbench.claims.conclude import conclude
from pkbench.claims.groups import Group, group_runs
from pkbench.claims.obstacles import groups_of
from pkbench.claims.samples import Material
from pkbench.claims.verdict import Evidence, Outcome, Verdict

Key = tuple[str, str]
"""A model's id and a data set's."""


def with_grid_notes(material: Material, found: Sequence[Evidence], verdicts: Sequence[Verdict]) -> tuple[Verdict, ...]:
    """``verdicts`` with a note for each learning rate without which the outcome would be another.

    Holm's correction is applied anew, so the outcome is the one that the spec without that rate would have given.

    Args:
        material: what the claims were judged by.
        found: the evidence on every claim and data set.
        verdicts: those concluded from ``found``, in the same order.
    """
    notes: list[list[str]] = [[] for _ in verdicts]
    for rate in _chosen_of_several(material):
        for place, outcome in enumerate(_outcomes_without(rate, material, found)):
            if outcome != verdicts[place].outcome:
                notes[place].append(f"without learning rate {rate:g} this would be {outcome}")
    return tuple(replace(verdict, notes=(*verdict.notes, *notes[place])) for place, verdict in enumerate(verdicts))


def _chosen_of_several(material: Material) -> list[float]:
    """Learning rates that a model has got and could do without; leaving out any other changes nothing."""
    found = {rate for group in material.groups.values() if (rate := _dispensable(group)) is not None}
    return sorted(found)


def _dispensable(group: Group) -> float | None:
    """The rate that was chosen for ``group``, if another one could have been.

    Where runs are missing nothing is chosen yet: then leaving out a rate says more of what has run than of the grid. Where
    training diverged at all others there is no model to judge without it; that they diverged is noted already.
    """
    trained = [candidate for candidate in group.selection.candidates if not candidate.diverged]
    return group.selection.lr if len(trained) > 1 else None


def _outcomes_without(rate: float, material: Material, found: Sequence[Evidence]) -> list[Outcome]:
    """What each verdict would be; models that did not get ``rate`` keep their runs, and evidence without others is kept."""
    changed = {key for key, group in material.groups.items() if _dispensable(group) == rate}
    runs = [run for run in material.runs if (run.model.id, run.data.id) in changed and run.lr != rate]
    groups = {**material.groups, **group_runs(material.scaled, runs, material.records)}
    other = replace(material, groups=groups)
    again = [
        assess(evidence.claim, evidence.data_id, other) if _behind(evidence) & changed else evidence
        for evidence in found
    ]
    return [verdict.outcome for verdict in conclude(material.scaled, again)]


def _behind(evidence: Evidence) -> set[Key]:
    """Models and data sets whose runs ``evidence`` is made of."""
    return {(group.model.id, group.data_id) for group in groups_of(*evidence.a, *evidence.b)}
