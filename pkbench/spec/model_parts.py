"""What the tables of different architectures have in common."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import Field, ValidationError, model_validator

from pkbench.spec.base import Identifier, Part, Positive, Size, Text, array

Depth = Annotated[int, Field(ge=1, le=1000)]
Gamma = Annotated[float, Field(gt=0, le=1000)]
Omega = Annotated[int, Field(ge=1, le=10**15)]
Density = Annotated[float, Field(gt=0, le=1)]
OPTIONS: Final = "options"
"""Field of an extension's options, which have names of its own."""
OMEGA_TOLERANCE = 0.01
"""Relative distance within which a stated ``omega`` agrees with ``S``, ``C`` and ``gamma``."""


class Stated(Part):
    """Totals the paper states for this model, compared with the recomputed ones when a spec is planned."""

    place: Text
    """Where the paper states them."""
    connections: Positive | None = None
    """Connections of the whole model without the classifier."""
    width: Positive | None = None
    """Effective width gamma * S * C."""


class Sweep(Part):
    """Values of sizes that vary from member to member: the first member has the first of each list, and so on."""

    depth: Annotated[tuple[Depth, ...], array()] | None = None
    """Base blocks L."""
    patch: Annotated[tuple[Size, ...], array()] | None = None
    """Patch sizes P."""
    S: Annotated[tuple[Size, ...], array()] | None = None
    """Tokens."""
    C: Annotated[tuple[Size, ...], array()] | None = None
    """Channels."""
    gamma: Annotated[tuple[Gamma, ...], array()] | None = None
    """Expansion factors."""
    gamma_S: Annotated[tuple[Gamma, ...], array()] | None = None
    """Expansion factors of the token-mixing MLPs alone."""
    gamma_C: Annotated[tuple[Gamma, ...], array()] | None = None
    """Expansion factors of the channel-mixing MLPs alone."""
    D_S: Annotated[tuple[Size, ...], array()] | None = None
    """Hidden widths of the token-mixing MLPs."""
    D_C: Annotated[tuple[Size, ...], array()] | None = None
    """Hidden widths of the channel-mixing MLPs."""
    omega: Annotated[tuple[Omega, ...], array()] | None = None
    """Average connections a layer."""
    p: Annotated[tuple[Density, ...], array()] | None = None
    """Fractions of non-zero weights."""
    alpha: Annotated[tuple[Size, ...], array()] | None = None
    """Base channels of an S-FC."""
    options: dict[str, Any] | None = None
    """Arrays of values of an extension's options, by option."""

    @property
    def axes(self) -> dict[str, tuple[Any, ...]]:
        """The lists that are given, by field; those of an extension's options by ``options.NAME``."""
        own = {name: values for name, values in self if name != OPTIONS and values is not None}
        return own | {f"{OPTIONS}.{name}": tuple(values) for name, values in _lists(self.options)}


def axis_path(axis: str) -> tuple[str, ...]:
    """Keys of one of :attr:`Sweep.axes` below the table that has it."""
    return tuple(axis.split(".", 1))


def value_of(part: Part, axis: str) -> Any:
    """What ``part`` gives for one of :attr:`Sweep.axes`, or ``None``."""
    field, *option = axis_path(axis)
    value = getattr(part, field, None)
    return value.get(*option) if option and value is not None else value


def _lists(options: Any) -> list[tuple[str, list[Any]]]:
    """Those of an extension's ``options`` that are arrays with something in them; the others are faults of their own."""
    items = options.items() if isinstance(options, dict) else ()
    return [(name, values) for name, values in items if isinstance(values, list) and values]


_SIZES = Sweep.model_fields.keys() - {OPTIONS}


def _first(name: str, values: Any) -> Any:
    """The first of ``values``, or 1 where it is not valid: every size may be 1, and the fault is the list's alone."""
    first = values[0] if isinstance(values, list | tuple) and values else None
    try:
        Sweep.model_validate({name: [first]})
    except ValidationError:
        return 1
    return first


class ModelPart(Part):
    """What every architecture has."""

    id: Identifier
    """Name of this model in claims, profiles and reports."""
    stated: Stated | None = None
    """What the paper states about this model's size."""
    sweep: Sweep | None = None
    """Makes this a family of models: one for each place in these lists, whose fields stand nowhere else."""

    recipe: Identifier | None = None
    """Name of the ``[recipe.*]`` it is trained by where that differs from ``[train]``."""

    @model_validator(mode="before")
    @classmethod
    def _as_first_member(cls, data: Any) -> Any:
        """A family stands for its first member wherever a single model is asked for: in checks of what all members share."""
        sweep = data.get("sweep") if isinstance(data, dict) else None
        lists = dict(sweep) if isinstance(sweep, Sweep) else sweep
        if not isinstance(lists, dict):
            return data
        firsts = {
            name: _first(name, values)
            for name, values in lists.items()
            if name in cls.model_fields.keys() & _SIZES and data.get(name) is None and values is not None
        }
        own = data.get(OPTIONS, {})
        if OPTIONS in cls.model_fields and isinstance(own, dict):
            firsts[OPTIONS] = own | {name: values[0] for name, values in _lists(lists.get(OPTIONS))}
        return data | firsts

    def identity(self) -> dict[str, Any]:
        """What of this model determines a result, as JSON values: names and statements left out, sizes resolved."""
        return self.model_dump(mode="json", exclude={"id", "stated", "sweep", "recipe"})


class BuiltInPart(ModelPart):
    """What every architecture of pkbench's own has."""

    bias: bool
    """Whether the fully connected layers have biases."""


class PatchedPart(BuiltInPart):
    """What the architectures have that cut an image into patches and stack mixing blocks with skips."""

    depth: Depth
    """Base blocks L, each of two mixing blocks (one of tokens and one of channels in a Mixer)."""
    patch: Size
    """Patch size P: squares of P x P pixels become tokens."""
    C: Size
    """Channels."""
    init: Literal["torch-linear", "normal"]
    """torch-linear: U(±1/sqrt(fan_in)) for weights and biases; normal: N(0, 1/fan_in) and zero biases (§4.3)."""
    first_skip: Literal["identity", "layer"]
    """Skip path of the first block: identity (needs S = S0) or the trainable LN(W X) of S.14-S.15."""
    activation: Literal["gelu", "relu", "linear"] = "gelu"
    """Ablation: the activation phi in the mixing blocks."""
    skip: bool = True
    """Ablation: whether the mixing blocks have skip paths."""
    layer_norm: bool = True
    """Ablation: whether the mixing blocks begin with a LayerNorm."""
