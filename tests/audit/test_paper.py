"""The audit of the paper: every claim of specs/audit.toml and how it comes out."""

from pathlib import Path
from typing import get_args

import pytest

from pkbench.audit.evaluate import audit
from pkbench.finding import Finding
from pkbench.spec import audit as parts
from pkbench.spec.audit import AuditClaim, Configuration, EqualClaim, TotalClaim
from pkbench.spec.base import Part
from pkbench.spec.document import AuditSpec
from pkbench.spec.forms import fields_of
from pkbench.spec.load import load_any

PATH = Path(__file__).parents[2] / "specs" / "audit.toml"

CONSISTENT = {
    "ss-8-connections",
    "ss-8-width",
    "ss-w-width",
    "b-16-omega",
    "b-16-width",
    "wider-significant-cifar10",
    "wider-significant-cifar100",
    "beta-lasso-significant-cifar10",
    "fig6-omega-stl10",
    "fig4-omega",
    "s3-sw-memory-imagenet",
    "s3-sw-flops-imagenet",
    "s3-rp-seconds-cifar",
    "fig6-omega-p16",
    "fig6-cifar10-rp",
    "fig6-stl10-normal",
    "fig6-stl10-rp",
} | {f"official-{name}" for name in ("s-32", "s-16", "b-32", "b-16", "l-32", "l-16", "h-14")}

NEAREST = {
    "ss-w-connections": ("C", 467),
    "ss-equal-connections": ("C", 468),
    "b-16-omega-as-stated": ("C", 768),
    "b-w-omega": ("gamma", 4.1),
    "b-w-width": ("gamma", 4.1),
    "b-equal-omega": ("gamma", 4),
    "b-equal-total": ("depth", 11),
    "s3-sw-memory-cifar": ("C", 64),
    "s3-sw-flops-cifar": ("C", 64),
    "s3-mixer-flops-cifar": ("C", 64),
    "s3-mixer-memory-imagenet": ("gamma", 1),
    "s3-mixer-flops-imagenet": ("gamma", 1),
    "s3-rp-flops-cifar": ("C", 64),
    "s3-rp-memory-imagenet": ("gamma", 1),
    "s3-rp-flops-imagenet": ("gamma", 1),
    "fig6-omega-p14": ("gamma", 4.57),
    "fig6-axis-patches": ("S", 768),
}
"""What each inconsistent claim with a field to vary needs."""


@pytest.fixture(scope="module")
def spec() -> AuditSpec:
    loaded = load_any(PATH).spec
    assert isinstance(loaded, AuditSpec)
    return loaded


@pytest.fixture(scope="module")
def findings(spec: AuditSpec) -> dict[str, tuple[AuditClaim, Finding]]:
    configurations = {it.id: it for it in spec.configuration}
    return {claim.id: (claim, audit(claim, configurations)) for claim in spec.claim}


def test_what_is_consistent(findings: dict[str, tuple[AuditClaim, Finding]]) -> None:
    assert {name for name, (claim, found) in findings.items() if found.residual <= claim.tolerance} == CONSISTENT


def test_what_would_fit(findings: dict[str, tuple[AuditClaim, Finding]]) -> None:
    found = {
        name: (key.removeprefix("nearest "), value)
        for name, (_, finding) in findings.items()
        for key, value in finding.values
        if key.startswith("nearest ")
    }
    assert found == NEAREST


def test_how_far_off(findings: dict[str, tuple[AuditClaim, Finding]]) -> None:
    """By hand: 276.3/255; 393,216 B against 3.93 MB; 4*L*2*gamma*(S^2 + C^2) bytes, 2*4*L*Omega FLOPs; 588/256 against 0.766; CS(C + S) of two shapes."""
    expected = {
        "ss-w-connections": 276_273_152 / 255e6 - 1,
        "s3-mixer-memory-cifar-square": 1 - 393_216 / 3.93e6,
        "s3-rp-memory-cifar-square": 1 - 393_216 / 3.94e6,
        "s3-rp-memory-cifar": 1 - 4 * 3 * 4 * (64**2 + 48**2) / 3.94e6,
        "s3-rp-flops-imagenet": 2 * 32 * 4 * 256 * 588 * (256 + 588) / 2 / 4.06e9 - 1,
        "s3-rp-seconds-cifar": 0.33 / 6.41,
        "fig6-axis-patches": 588 / 256 / 0.766 - 1,
        "fig2a-64": 3,
        "fig2a-32": 3,
        "fig6-imagenet-normal": 588 / 256 - 1,
        "fig6-omega-cifar10": 1 - 2**-3,
        "b-16-channels": 18 / 786,
        "fig-s3-right-omega": 83 * (64 + 83) / (64 * (64 + 64)) - 1,
    }
    for name, residual in expected.items():
        assert findings[name][1].residual == pytest.approx(residual, rel=1e-3), name


def test_every_configuration_is_audited(spec: AuditSpec) -> None:
    used = set()
    for claim in spec.claim:
        if isinstance(claim, TotalClaim):
            used.add(claim.configuration)
        elif isinstance(claim, EqualClaim):
            used |= {claim.a, claim.b}
    assert used == {it.id for it in spec.configuration}


def test_sentences_are_sentences(findings: dict[str, tuple[AuditClaim, Finding]]) -> None:
    for _, finding in findings.values():
        assert finding.sentence.endswith(".")
        assert ".." not in finding.sentence


@pytest.mark.parametrize(
    "part",
    [
        *get_args(get_args(AuditClaim)[0]),
        Configuration,
        parts.PlacedValue,
        parts.Point,
        parts.Spread,
        parts.StatedMean,
    ],
)
def test_every_field_can_be_explained(part: type[Part]) -> None:
    for field in fields_of(part).values():
        assert field.description, field.name
