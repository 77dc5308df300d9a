"""Validation of specs whose claims are computed without training: theory and audit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any

from pydantic import TypeAdapter, ValidationError

from pkbench.errors import Fault
from pkbench.spec.audit import AuditClaim, Configuration, EqualClaim, TotalClaim, can_vary
from pkbench.spec.checks.models import model_faults, patch_faults, room_faults
from pkbench.spec.checks.scene import has_sizes
from pkbench.spec.document import ROOTS, AuditSpec, CheckSpec, Spec, TheorySpec
from pkbench.spec.enough import first_faults
from pkbench.spec.extension import ExtensionModel
from pkbench.spec.faults import faults_of
from pkbench.spec.model import AnyModel, PatchedModel
from pkbench.spec.parts import Parts
from pkbench.spec.positions import Loc
from pkbench.spec.repair import repair
from pkbench.spec.syntax import shorten
from pkbench.spec.theory import GrowthClaim, OptimumClaim, TheoryClaim
from pkbench.spec.toml import Document
from pkbench.spec.words import closest, no_such

Root = type[Spec] | type[TheorySpec] | type[AuditSpec]


def root_of(document: Document) -> Root:
    """The form that the spec in ``document`` has, or is likely meant to have."""
    experiment = document.data.get("experiment")
    kind = experiment.get("kind") if isinstance(experiment, dict) else None
    name = kind if isinstance(kind, str) else ""
    return ROOTS.get(name) or ROOTS[closest(name, ROOTS) or "train"]


def validate_checks(
    document: Document, root: type[TheorySpec] | type[AuditSpec]
) -> tuple[CheckSpec | None, list[Fault]]:
    """The spec in ``document``, where it is valid, and all of its faults."""
    repaired = repair(document, root)
    parts = Parts(repaired.document, document.data, repaired.excused)
    faults = list(parts.document.faults)
    spec: CheckSpec | None = None
    try:
        spec = root.model_validate(parts.document.data)
    except ValidationError as error:
        found = (fault for loc, fault in faults_of(error, root, parts.document) if loc not in repaired.excused)
        faults = first_faults(chain(faults, found), parts.document.file)
    faults += _repeated_ids(parts)
    if root is TheorySpec:
        for index, claim in _valid(TypeAdapter(TheoryClaim), parts.items("claim")).items():
            faults += _range_faults(parts, ("claim", index), claim)
    if root is AuditSpec:
        configurations = _valid(TypeAdapter(Configuration), parts.items("configuration"))
        for index, configuration in configurations.items():
            faults += _configuration_faults(parts, ("configuration", index, "model"), configuration)
        models = {configuration.id: configuration.model for configuration in configurations.values()}
        for index, claim in _valid(TypeAdapter(AuditClaim), parts.items("claim")).items():
            faults += _claim_faults(parts, models, ("claim", index), claim)
    return spec, faults


def _valid(kind: TypeAdapter[Any], items: dict[int, dict[str, Any]]) -> dict[int, Any]:
    """Those of ``items`` that are of ``kind``: what is wrong with one hides no fault of another."""
    found = {}
    for index, item in items.items():
        try:
            found[index] = kind.validate_python(item)
        except ValidationError:
            continue
    return found


def _repeated_ids(parts: Parts) -> Iterator[Fault]:
    for section in ("claim", "configuration"):
        seen: set[str] = set()
        for index, item in parts.items(section).items():
            name = item.get("id")
            if not isinstance(name, str):
                continue
            if name in seen:
                what = f"the {section} id `{shorten(name, 100)}` is given twice"
                loc = (section, index, "id")
                yield parts.fault(loc, what, "each stands for one thing", "rename or remove one of them")
            seen.add(name)


def _range_faults(parts: Parts, loc: Loc, claim: TheoryClaim) -> Iterator[Fault]:
    """Ranges run upwards, and a matrix has room for its connections."""
    if isinstance(claim, OptimumClaim):
        for name, (least, largest) in (("omega", claim.omega), ("gamma", claim.gamma)):
            if least > largest:
                what = f"claim `{claim.id}` has {name} from {least:g} to {largest:g}"
                yield parts.fault(
                    (*loc, name), what, "the least comes first", f"write {name} = [{largest:g}, {least:g}]"
                )
    if isinstance(claim, GrowthClaim) and claim.omega > claim.gamma * min(claim.m) ** 2:
        full = claim.gamma * min(claim.m) ** 2
        what = f"claim `{claim.id}` has omega = {claim.omega:g} at width m = {min(claim.m)}"
        yield parts.fault((*loc, "omega"), what, f"a full matrix has {full:g} entries there", "leave out narrow widths")


def _configuration_faults(parts: Parts, loc: Loc, configuration: Configuration) -> Iterator[Fault]:
    """A configuration's model fits itself and its images."""
    if isinstance(configuration.model, ExtensionModel):
        what = f"configuration `{configuration.id}` has a model of an extension's"
        constraint = "an audit recomputes by pkbench's own formulas"
        yield parts.fault((*loc, "kind"), what, constraint, "name another kind of model")
        return
    yield from model_faults(parts, loc, configuration.model)
    if configuration.model.sweep is not None:
        what = f"configuration `{configuration.id}` sweeps over sizes"
        yield parts.fault((*loc, "sweep"), what, "a configuration is one setting", "write one for each")
    if isinstance(configuration.model, PatchedModel):
        yield from patch_faults(parts, (*loc, "patch"), configuration.model, configuration.image, "")
        if has_sizes(configuration.model):
            yield from room_faults(parts, loc, configuration.model, configuration.image)


def _claim_faults(parts: Parts, models: Mapping[str, AnyModel], loc: Loc, claim: AuditClaim) -> Iterator[Fault]:
    """A claim names configurations that exist, and a field that its configuration has."""
    if not isinstance(claim, TotalClaim | EqualClaim):
        return
    names = {"configuration": claim.configuration} if isinstance(claim, TotalClaim) else {"a": claim.a, "b": claim.b}
    for key, name in names.items():
        if not parts.knows("configuration", name):
            yield parts.fault((*loc, key), *no_such("configuration", name, parts.ids("configuration")))
    varied = models.get(names.get("configuration") or names["b"])
    if claim.vary is not None and varied is not None and not can_vary(varied, claim.vary):
        what = f"claim `{claim.id}` varies {claim.vary}, and its configuration's model gives none"
        remedy = "name a field that it gives, or take it out"
        yield parts.fault((*loc, "vary"), what, "a nearest value is looked for from a given one", remedy)
