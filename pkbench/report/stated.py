"""What the paper states beside what is found here: its numbers, and totals recomputed from its own settings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pkbench.claims.groups import ModelSummary
from pkbench.claims.published import Published, published
from pkbench.report.study import Study
from pkbench.spec.document import Spec
from pkbench.spec.model import shape_of
from pkbench.spec.scale import scale


@dataclass(frozen=True, slots=True)
class Against:
    """A published number and every summary of ours with the same name and data set, by profile."""

    row: str
    data_id: str
    reported: Published
    ours: tuple[tuple[str, ModelSummary], ...]


@dataclass(frozen=True, slots=True)
class StatedSize:
    """A total that the paper states and the one its settings give."""

    model_id: str
    what: str
    stated: float
    recomputed: int
    place: str

    @property
    def gap(self) -> str:
        """How much the recomputed total is above the stated one, in per cent."""
        return f"{100 * (self.recomputed / self.stated - 1):+.1f} %".replace("-", "−")


def against_ours(studies: Sequence[Study]) -> tuple[Against, ...]:
    """Every published number of a spec beside ours at each of its ``studies``' profiles."""
    spec = studies[0].scaled.spec
    return tuple(
        Against(
            entry.row,
            entry.data,
            found,
            tuple(
                (study.evaluation.profile, summary)
                for study in studies
                for summary in study.evaluation.models
                if (summary.model_id, summary.data_id) == (entry.row, entry.data) and summary.n
            ),
        )
        for entry in spec.reported
        if (found := published(spec, entry.row, entry.data)) is not None
    )


def stated_sizes(spec: Spec) -> tuple[StatedSize, ...]:
    """Totals the paper states beside those recomputed from its own settings, at the paper profile."""
    if "paper" not in spec.profile:
        return ()
    published_scale = scale(spec, "paper")
    data = published_scale.data[0]
    found = []
    for model in published_scale.models:
        if model.stated is None:
            continue
        shape = shape_of(model, data.shape, data.classes)
        for what, stated, ours in (
            ("connections", model.stated.connections, shape.connections),
            ("width", model.stated.width, shape.width),
        ):
            if stated is not None:
                found.append(StatedSize(model.id, what, stated, ours, model.stated.place))
    return tuple(found)
