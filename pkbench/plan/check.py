"""The checks of a theory or audit spec: what determines a finding, and the id made of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pkbench.plan.run import RESULT_VERSION, config_id
from pkbench.spec.audit import AuditClaim, Configuration, EqualClaim, TotalClaim
from pkbench.spec.document import AuditSpec, CheckSpec
from pkbench.spec.theory import TheoryClaim

_LABELS = frozenset({"id", "statement"})


@dataclass(frozen=True, slots=True)
class Check:
    """One claim with everything that determines its finding; ``run_id`` is the hash of ``config``."""

    spec_id: str
    claim: TheoryClaim | AuditClaim
    configurations: Mapping[str, Configuration]
    """Those the claim is about, by id."""
    config: Mapping[str, Any]
    run_id: str


def checks_of(spec: CheckSpec) -> tuple[Check, ...]:
    """A check for each claim of ``spec``, in its order."""
    known = {found.id: found for found in spec.configuration} if isinstance(spec, AuditSpec) else {}
    return tuple(_check(spec.experiment.id, claim, known) for claim in spec.claim)


def _check(spec_id: str, claim: TheoryClaim | AuditClaim, known: Mapping[str, Configuration]) -> Check:
    used = {name: known[name] for name in _names(claim)}
    config = {
        "result_version": RESULT_VERSION,
        "claim": claim.model_dump(mode="json", exclude=set(_LABELS)),
        "configurations": {
            name: found.model_dump(mode="json", exclude={"model": {"sweep", "recipe"}}) for name, found in used.items()
        },
    }
    return Check(spec_id, claim, used, config, config_id(config))


def _names(claim: TheoryClaim | AuditClaim) -> tuple[str, ...]:
    """Ids of the configurations that ``claim`` is about."""
    if isinstance(claim, TotalClaim):
        return (claim.configuration,)
    return (claim.a, claim.b) if isinstance(claim, EqualClaim) else ()
