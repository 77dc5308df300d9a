"""``specs/theory.toml``: valid, complete, and with the outcomes that its header announces."""

import tomllib
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import TypeAdapter, ValidationError

from pkbench.probes.identities import check
from pkbench.spec import theory
from pkbench.spec.theory import TheoryClaim
from tests.identities.cases import claim

PATH = Path(__file__).parents[2] / "specs" / "theory.toml"
TABLES = tomllib.loads(PATH.read_text(encoding="utf-8"))["claim"]
CLAIMS: tuple[Any, ...] = TypeAdapter(tuple[TheoryClaim, ...]).validate_python(tuple(TABLES))
CONTRADICTED = {"mlp-mixer-as-printed", "eq-17-printed-2", "eq-17-printed-4"}


def test_ids_are_unique_and_the_file_names_its_schema() -> None:
    assert len({each.id for each in CLAIMS}) == len(CLAIMS)
    assert PATH.read_text(encoding="utf-8").startswith("#:schema ../pkbench.schema.json\n")


def test_every_check_has_a_claim() -> None:
    names = {each.formula if each.kind == "spectrum" else each.check for each in CLAIMS}
    groups = ("IdentityCheck", "BoundCheck", "OptimumCheck", "UniformCheck", "SpectrumFormula", "GrowthCheck")
    assert names == {name for group in groups for name in get_args(getattr(theory, group))}


@pytest.mark.parametrize("this", CLAIMS, ids=[each.id for each in CLAIMS])
def test_outcomes(this: Any) -> None:
    finding = check(this)
    assert (finding.residual > this.tolerance) == (this.id in CONTRADICTED), finding.sentence
    assert all(isinstance(value, float) for _, value in finding.values)
    assert finding.sentence.endswith(".")


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("identity", {"check": "lemma-b1"}),
        ("identity", {"check": "vec", "largest": 33}),
        ("identity", {"check": "vec", "expected": "holds"}),
        ("bound", {"check": "vec"}),
        ("optimum", {"check": "largest-m", "omega": (1.0, 1e9)}),
        ("uniform", {"check": "two-random", "draws": 100}),
        ("uniform", {"check": "two-random", "size": 7}),
        ("spectrum", {"formula": "c-gamma", "p": 0.0}),
        ("spectrum", {"formula": "c-gamma", "tolerance": 0.0}),
        ("growth", {"check": "rises", "m": (256,)}),
    ],
)
def test_senseless_claims_are_refused(kind: str, fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        claim(kind, **fields)
