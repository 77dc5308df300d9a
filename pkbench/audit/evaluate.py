"""From a claim to its finding."""

from __future__ import annotations

from collections.abc import Mapping

from pkbench.audit.curves import check_extremum
from pkbench.audit.statements import check_agree, check_significance
from pkbench.audit.totals import check_equal, check_total
from pkbench.finding import Finding
from pkbench.spec.audit import (
    AgreeClaim,
    AuditClaim,
    Configuration,
    EqualClaim,
    ExtremumClaim,
    SignificanceClaim,
    TotalClaim,
)


def audit(claim: AuditClaim, configurations: Mapping[str, Configuration]) -> Finding:
    """What the stated settings and numbers say about ``claim``; consistent where ``residual <= claim.tolerance``.

    Args:
        claim: the claim.
        configurations: the spec's configurations by id.

    Raises:
        KeyError: the claim names a configuration that is not there.
        UsageError: a quantity cannot be recomputed of the claim's configuration, or a field not be varied there.
    """
    match claim:
        case TotalClaim():
            return check_total(claim, configurations[claim.configuration])
        case EqualClaim():
            return check_equal(claim, configurations[claim.a], configurations[claim.b])
        case AgreeClaim():
            return check_agree(claim)
        case ExtremumClaim():
            return check_extremum(claim)
        case SignificanceClaim():
            return check_significance(claim)
