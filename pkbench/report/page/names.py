"""Names inside the page: anchors, which are unique because identifiers have no colon, and looks of outcomes."""

from __future__ import annotations

from pkbench.claims.verdict import Outcome, Verdict
from pkbench.report.checks import CheckStudy
from pkbench.report.study import Study


def look_of(outcome: Outcome) -> str:
    """The class that colours an outcome; its word and its sign always stand beside it."""
    return outcome.replace(" ", "-")


def spec_anchor(spec_id: str) -> str:
    """The anchor of a spec."""
    return f"spec:{spec_id}"


def study_anchor(study: Study) -> str:
    """The anchor of a spec at a profile."""
    return f"{spec_anchor(study.evaluation.spec_id)}:{study.evaluation.profile}"


def anchor_of(study: Study, verdict: Verdict) -> str:
    """The anchor of a verdict."""
    return f"claim:{study.evaluation.spec_id}:{verdict.profile}:{verdict.claim_id}:{verdict.data_id}"


def check_anchor(study: CheckStudy, claim_id: str) -> str:
    """The anchor of a verdict on a computed claim."""
    return f"claim:{study.spec_id}:{claim_id}"


def runs_of(anchor: str) -> str:
    """What the anchors of runs begin with, given the ``anchor`` of their spec, at its profile where it has one."""
    return f"run{anchor.removeprefix('spec')}"
