"""Whole specs: the parts of one TOML file together, by the kind of the experiment."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from pkbench.spec.audit import AuditClaim, Configuration
from pkbench.spec.base import Identifier, Part, Text, array
from pkbench.spec.claim import Claim, Reported
from pkbench.spec.compare import Compare
from pkbench.spec.data import Data
from pkbench.spec.model import Model
from pkbench.spec.profile import Profile
from pkbench.spec.recipe import Recipe
from pkbench.spec.theory import TheoryClaim
from pkbench.spec.train import Train

ProfileName = Literal["quick", "fast", "paper"]


class ExperimentPart(Part):
    """``[experiment]``: what this file is about."""

    id: Identifier
    """Name of the experiment: its result folder, DVC stage and MLflow experiment carry it."""
    title: Text
    """One line for people."""
    paper: Text
    """The table, figure or section of the paper, or why the question is asked."""


class Experiment(ExperimentPart):
    """``[experiment]``: what this file is about."""

    kind: Literal["train"]
    """What is measured. train: every model on every data set; theory: the paper's formulas; audit: its stated numbers."""


class TheoryExperiment(ExperimentPart):
    """``[experiment]``: what this file is about."""

    kind: Literal["theory"]
    """What is measured. train: every model on every data set; theory: the paper's formulas; audit: its stated numbers."""


class AuditExperiment(ExperimentPart):
    """``[experiment]``: what this file is about."""

    kind: Literal["audit"]
    """What is measured. train: every model on every data set; theory: the paper's formulas; audit: its stated numbers."""


class Spec(Part):
    """One experiment: data, models, recipe, published numbers, claims, assumptions and scales."""

    experiment: Experiment
    """What this file is about."""
    data: Annotated[tuple[Data, ...], array(max_length=100)]
    """Data sets."""
    model: Annotated[tuple[Model, ...], array(max_length=1000)]
    """Architectures."""
    train: Train
    """The recipe."""
    recipe: Annotated[dict[Identifier, Recipe], Field(default_factory=dict, max_length=100)]
    """Recipes of single models, by name."""
    profile: Annotated[dict[ProfileName, Profile], Field(min_length=1)]
    """Scales of the question: quick (a laptop, minutes), fast (one GPU), paper (as published)."""
    reported: Annotated[tuple[Reported, ...], array(min_length=0)] = ()
    """Published numbers."""
    claim: Annotated[tuple[Claim, ...], array(min_length=0, max_length=200)] = ()
    """What is to be checked."""
    compare: Annotated[tuple[Compare, ...], array(min_length=0, max_length=200)] = ()
    """Trained models held against each other."""
    assumption: Annotated[dict[str, Text], Field(default_factory=dict, max_length=1000)]
    """Dotted path of a value (as in ``train.optimizer.weight_decay``) to the reason it was chosen where the paper is silent."""


class TheorySpec(Part):
    """Formulas, each computed in two ways on random cases: no data, nothing trained, the same at every scale."""

    experiment: TheoryExperiment
    """What this file is about."""
    claim: Annotated[tuple[TheoryClaim, ...], array(max_length=200)]
    """What is to be checked."""


class AuditSpec(Part):
    """Settings and numbers a paper states, each number recomputed from the settings: no data, nothing trained."""

    experiment: AuditExperiment
    """What this file is about."""
    configuration: Annotated[tuple[Configuration, ...], array(min_length=0, max_length=1000)] = ()
    """Settings as stated."""
    claim: Annotated[tuple[AuditClaim, ...], array(max_length=200)]
    """Numbers as stated."""


CheckSpec = TheorySpec | AuditSpec
"""A spec whose claims are computed one by one, without training."""
AnySpec = Spec | CheckSpec
ROOTS: dict[str, type[Spec] | type[TheorySpec] | type[AuditSpec]] = {
    "train": Spec,
    "theory": TheorySpec,
    "audit": AuditSpec,
}
"""The form of a spec by the kind of its experiment."""
