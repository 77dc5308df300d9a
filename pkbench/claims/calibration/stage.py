"""A spec for made-up studies and the real path from values to verdicts: ``assess``, then ``conclude``."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Final

from pkbench.claims.assess import assess
from pkbench.claims.conclude import conclude
from pkbench.claims.groups import Group
from pkbench.claims.samples import Material, Sample
from pkbench.claims.selection import Selection
from pkbench.claims.verdict import Verdict
from pkbench.spec.claim import AnyClaim, Reported
from pkbench.spec.document import Spec
from pkbench.spec.metric import MetricName
from pkbench.spec.model import shape_of
from pkbench.spec.scale import Scaled, scale
from pkbench.spec.starter import starter

XS: Final = (8.0, 16.0, 32.0, 64.0, 128.0)
"""Sizes ``C`` of the members of the families."""
FAMILIES: Final = {"a": 1, "b": 1, "c": 1, "d": 1, "f": len(XS), "g": len(XS)}
"""Members by the name in claims: four single models and two families along ``C``."""
DATA: Final = "digits"
QUOTED: Final = "quoted"
"""Name of a row that is quoted and not trained."""

Values = Mapping[str, Sequence[Sequence[float]]]
"""By name of a model or family, for each member its value at each seed."""


@dataclass(frozen=True, slots=True)
class _Drawn(Material):
    """Material whose values were drawn, not trained: no runs, no records."""

    drawn: Values

    def samples(self, name: str, metric: MetricName, data_id: str) -> tuple[Sample, ...]:
        """The members of ``name`` with the values that were drawn for them."""
        del metric, data_id
        if name == QUOTED:
            return ()
        return tuple(_sample(group, values) for group, values in zip(_groups()[name], self.drawn[name], strict=True))


def verdicts(claims: Sequence[AnyClaim], values: Values, reported: Sequence[Reported] = ()) -> tuple[Verdict, ...]:
    """What the real code concludes of ``claims``, all those of one spec, from ``values``."""
    base = _scaled()
    spec = base.spec.model_copy(update={"claim": tuple(claims), "reported": tuple(reported)})
    scaled = replace(base, spec=spec)
    material = _Drawn(scaled, {}, {}, (), {}, values)
    return conclude(scaled, [assess(claim, DATA, material) for claim in claims])


@cache
def _scaled() -> Scaled:
    """The starter spec with our models at a profile where published numbers count."""
    document = tomllib.loads(starter("calibration"))
    model = document["model"][0]
    sizes = {key: value for key, value in model.items() if key != "C"}
    document["model"] = [
        *(model | {"id": name} for name, members in FAMILIES.items() if members == 1),
        *(
            sizes | {"id": name, "sweep": {"C": [int(x) for x in XS]}}
            for name, members in FAMILIES.items()
            if members > 1
        ),
    ]
    document["claim"] = []
    document["profile"] = {"paper": {"scope": "Made-up numbers.", "data": [DATA]}}
    return scale(Spec.model_validate(document), "paper")


@cache
def _groups() -> dict[str, tuple[Group, ...]]:
    scaled = _scaled()
    data = scaled.data[0]
    return {
        name: tuple(
            Group(
                model=scaled.model(member),
                data_id=DATA,
                shape=shape_of(scaled.model(member), data.shape, data.classes),
                selection=Selection(lr=None, criterion=None, candidates=()),
                planned=(),
                runs=(),
                finals=(),
                failures=(),
            )
            for member in members
        )
        for name, members in scaled.families.items()
    }


def _sample(group: Group, values: Sequence[float]) -> Sample:
    seeds = range(len(values))
    return Sample(
        name=group.model.id,
        values=dict(zip(seeds, values, strict=True)),
        planned=tuple(seeds),
        run_ids={seed: f"{group.model.id}-{seed}" for seed in seeds},
        group=group,
        trained=(group,),
    )
