"""Validation of specs whose claims are computed without training: theory and audit."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import ValidationError

from pkbench.errors import Fault
from pkbench.spec.audit import AuditClaim, EqualClaim, TotalClaim, can_vary
from pkbench.spec.checks.models import model_faults, patch_faults
from pkbench.spec.document import ROOTS, AuditSpec, CheckSpec, Spec, TheorySpec
from pkbench.spec.faults import faults_of
from pkbench.spec.model import PatchedModel
from pkbench.spec.parts import Placed
from pkbench.spec.positions import Loc
from pkbench.spec.repair import repair
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
    document = repaired.document
    faults = list(document.faults)
    try:
        spec = root.model_validate(document.data)
    except ValidationError as error:
        faults += [fault for loc, fault in faults_of(error, root, document) if loc not in repaired.excused]
        return None, faults
    faults += _repeated_ids(document, spec)
    if isinstance(spec, AuditSpec):
        for index, configuration in enumerate(spec.configuration):
            loc: Loc = ("configuration", index, "model")
            faults += model_faults(Placed(document), loc, configuration.model)
            if isinstance(configuration.model, PatchedModel):
                where = (*loc, "patch")
                faults += patch_faults(Placed(document), where, configuration.model, configuration.image, "")
        for index, claim in enumerate(spec.claim):
            faults += _claim_faults(document, spec, ("claim", index), claim)
    return spec, faults


def _repeated_ids(document: Document, spec: CheckSpec) -> Iterator[Fault]:
    sections = [("claim", [claim.id for claim in spec.claim])]
    if isinstance(spec, AuditSpec):
        sections.append(("configuration", [configuration.id for configuration in spec.configuration]))
    for section, ids in sections:
        for index, name in enumerate(ids):
            if name in ids[:index]:
                what = f"the {section} id `{name}` is given twice"
                place = document.at_value((section, index, "id"))
                yield Fault(place, what, "each stands for one thing", "rename or remove one of them")


def _claim_faults(document: Document, spec: AuditSpec, loc: Loc, claim: AuditClaim) -> Iterator[Fault]:
    """A claim names configurations that exist, and a field that its configuration has."""
    if not isinstance(claim, TotalClaim | EqualClaim):
        return
    models = {configuration.id: configuration.model for configuration in spec.configuration}
    names = {"configuration": claim.configuration} if isinstance(claim, TotalClaim) else {"a": claim.a, "b": claim.b}
    for key, name in names.items():
        if name not in models:
            yield Fault(document.at_value((*loc, key)), *no_such("configuration", name, list(models)))
    varied = models.get(names.get("configuration") or names["b"])
    if claim.vary is not None and varied is not None and not can_vary(varied, claim.vary):
        what = f"claim `{claim.id}` varies {claim.vary}, and its configuration's model gives none"
        remedy = "name a field that it gives, or take it out"
        yield Fault(document.at_value((*loc, "vary")), what, "a nearest value is looked for from a given one", remedy)
