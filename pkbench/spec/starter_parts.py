"""What a new spec can be about: models by short names, and kinds of claims."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pydantic import BaseModel

from pkbench.errors import UsageError
from pkbench.spec.claim import (
    CrossingClaim,
    EquivalentClaim,
    LessClaim,
    NonInferiorClaim,
    PlaceClaim,
    TrendClaim,
)
from pkbench.spec.mixer import MlpMixer, SMixer, StructuredMixer
from pkbench.spec.other_models import Shallow, SwMlp
from pkbench.spec.words import closest

_BLOCKS: Final = {"depth": 4, "C": 32, "bias": True, "init": "torch-linear", "first_skip": "identity"}
_STRUCTURES: Final = ("monarch", "block-diagonal", "toeplitz", "low-rank")
MODELS: Final[dict[str, tuple[type[BaseModel], dict[str, Any]]]] = {
    "normal": (SMixer, {"kind": "s-mixer", "mixing": "normal", **_BLOCKS}),
    "random": (SMixer, {"kind": "s-mixer", "mixing": "random", **_BLOCKS}),
    "mlp-mixer": (MlpMixer, {"kind": "mlp-mixer", "mixing": "normal", "gamma": 2, **_BLOCKS}),
    **{name: (StructuredMixer, {"kind": "structured-mixer", "structure": name, **_BLOCKS}) for name in _STRUCTURES},
    "sw-mlp": (
        SwMlp,
        {"kind": "sw-mlp", "p": 0.03125, "mask": "fan-in", "mask_value": "one", **_BLOCKS}
        | {"init": "golubeva", "compute": "auto", "pool": "mean"},
    ),
    "shallow": (
        Shallow,
        {"kind": "shallow", "weights": "kronecker", "S": 32, "C": 32, "bias": True, "init": "torch-linear"}
        | {"activation": "relu"},
    ),
}
"""What ``--model`` can be: the table it becomes, without the sizes that follow from the images."""

_CHANNELS: Final = [16, 32, 64]
"""The family that a claim about a curve is about."""
_TEST: Final = {"metric": "test_error", "alpha": 0.05}


@dataclass(frozen=True, slots=True)
class _Kind:
    """A kind of claim: its table, what is particular to it, and its statement about ``{a}`` and ``{b}``."""

    table: type[BaseModel]
    values: dict[str, Any]
    statement: str
    models: int = 2
    """How many models it is about."""

    @property
    def is_curve(self) -> bool:
        """Whether it is about families along the channels."""
        return "x" in self.values


_KINDS: Final = {
    "less": _Kind(LessClaim, {"margin": 0.0}, "{a} has a lower test error than {b}"),
    "non-inferior": _Kind(
        NonInferiorClaim, {"margin": 1.0}, "The test error of {a} is not one point higher than that of {b}"
    ),
    "equivalent": _Kind(EquivalentClaim, {"margin": 1.0}, "The test errors of {a} and {b} differ by less than a point"),
    "trend": _Kind(
        TrendClaim, {"x": "C", "direction": "falls", "margin": 0.0}, "The test error of {a} falls with its channels", 1
    ),
    "minimum-near": _Kind(
        PlaceClaim, {"x": "C", "target": 32.0, "within": 1.5}, "The test error of {a} is lowest near 32 channels", 1
    ),
    "crossing": _Kind(
        CrossingClaim,
        {"x": "C", "margin_first": 0.0, "margin_last": 0.0},
        "{a} is worse than {b} with few channels, and no longer with many",
    ),
}
CLAIMS: Final = tuple(_KINDS)
"""What ``--claim`` can be."""


def check_models(models: Sequence[str]) -> None:
    """Accept names of models.

    Raises:
        UsageError: there is no such model, none at all, or one is named twice.
    """
    for name in models or [""]:
        _check_known("--model", name, MODELS)
    if len(set(models)) < len(models):
        raise UsageError(f"--model {max(models, key=models.count)} is given twice", remedy="name each model once")


def check_claim(claim: str, models: Sequence[str]) -> None:
    """Accept a kind of claim about ``models``.

    Raises:
        UsageError: there is no such kind, or it is about more models.
    """
    _check_known("--claim", claim, CLAIMS)
    if len(models) < _KINDS[claim].models:
        raise UsageError(f"a claim of kind {claim} is about two models", remedy="give --model twice")


def _check_known(option: str, name: str, known: Iterable[str]) -> None:
    if name not in known:
        near = closest(name, tuple(known))
        remedy = f"did you mean {near}?" if near else ""
        raise UsageError(f"{option} cannot be {name or 'empty'}", constraint=f"it is {', '.join(known)}", remedy=remedy)


def model_table(name: str, claim: str) -> tuple[type[BaseModel], dict[str, Any]]:
    """The table of the model ``name`` and what stands in it: a family where ``claim`` is about one."""
    table, values = MODELS[name]
    if _KINDS[claim].is_curve:
        values = {key: value for key, value in values.items() if key != "C"} | {"sweep": {"C": _CHANNELS}}
    return table, {"id": name, **values}


def claim_table(models: Sequence[str], claim: str) -> tuple[type[BaseModel], dict[str, Any]]:
    """The table of a claim of kind ``claim`` about the first of ``models``."""
    kind = _KINDS[claim]
    named = dict(zip(("a", "b"), models[: kind.models], strict=False))
    statement = kind.statement.format_map({"a": models[0], "b": named.get("b", "")})
    values = {"id": claim, "kind": claim, "statement": statement[0].upper() + statement[1:], "place": "Own question"}
    return kind.table, values | named | _TEST | kind.values
