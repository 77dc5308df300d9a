"""What a claim's name stands for: values by seed of each single model, or of each comparison of two."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pkbench.claims.groups import Group
from pkbench.claims.metrics import value_of
from pkbench.plan.compare import comparisons
from pkbench.plan.run import Run
from pkbench.spec.metric import MetricName, XName
from pkbench.spec.scale import Scaled
from pkbench.spec.sizes_along import x_of
from pkbench.store.comparison_record import ComparisonRecord
from pkbench.store.record import Record


@dataclass(frozen=True, slots=True)
class Sample:
    """One member of what a claim compares.

    ``group`` is of the model's runs; of a comparison it is of the model that varies in its family, for its sizes.
    """

    name: str
    values: Mapping[int, float]
    """By seed; of a comparison by the first seed of each pair."""
    planned: tuple[int, ...]
    """Seeds there should be values of."""
    run_ids: Mapping[int, str]
    group: Group
    trained: tuple[Group, ...]
    """Groups whose runs are behind the values."""
    seeds_each: int = 1
    """Seeds behind one value: two where a model is compared with itself."""

    @property
    def connections(self) -> int:
        """Connections of the model without the classifier."""
        return self.group.connections

    def x(self, name: XName) -> float | None:
        """The size ``name`` of the model."""
        return x_of(name, self.group.model, self.group.shape)


@dataclass(frozen=True, slots=True)
class Material:
    """Everything the claims of one spec at one profile are judged by."""

    scaled: Scaled
    groups: Mapping[tuple[str, str], Group]
    records: Mapping[str, Record]
    runs: Sequence[Run]
    comparisons: Mapping[str, ComparisonRecord]

    def samples(self, name: str, metric: MetricName, data_id: str) -> tuple[Sample, ...]:
        """The members of the family ``name``; one where it is a single model, none where it is neither."""
        if metric == "cka":
            return self._compared(name, data_id)
        return tuple(
            self._trained(self.groups[member, data_id], metric) for member in self.scaled.families.get(name, ())
        )

    def _trained(self, group: Group, metric: MetricName) -> Sample:
        found = {
            run.seed: value
            for run in group.runs
            if run.run_id is not None and (value := value_of(metric, self.records[run.run_id])) is not None
        }
        run_ids = {run.seed: run.run_id for run in group.runs if run.run_id is not None}
        return Sample(group.model.id, found, group.planned, run_ids, group, (group,))

    def _compared(self, name: str, data_id: str) -> tuple[Sample, ...]:
        wanted = self.scaled.compare_families.get(name, ())
        found: dict[str, Sample] = {}
        by_id = {compare.id: compare for compare in self.scaled.compares}
        single = {names[0] for names in self.scaled.families.values() if len(names) == 1}
        every = comparisons([by_id[member] for member in wanted], self.runs)
        for member in wanted:
            compare = by_id[member]
            pairs = [pair for pair in every if pair.compare.id == member and pair.a.data.id == data_id]
            values = {
                pair.a.seed: value
                for pair in pairs
                if (record := self.comparisons.get(pair.run_id)) is not None
                and (value := record.diagonal_mean) is not None
            }
            a, b = self.groups[compare.a, data_id], self.groups[compare.b, data_id]
            found[member] = Sample(
                name=member,
                values=values,
                planned=tuple(pair.a.seed for pair in pairs),
                run_ids={pair.a.seed: pair.run_id for pair in pairs},
                group=b if compare.a in single else a,
                trained=(a, b),
                seeds_each=2 if compare.a == compare.b else 1,
            )
        return tuple(found[member] for member in wanted)
