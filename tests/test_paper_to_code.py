"""``docs/paper-to-code.md``: all that it names exists, its example runs, and no claim that is decided without training is left out."""

import ast
import doctest
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from pkbench.audit.evaluate import audit
from pkbench.paper.points import series_of
from pkbench.probes.identities import check
from pkbench.probes.spectra import sw_largest
from pkbench.spec.document import AuditSpec, TheorySpec
from pkbench.spec.load import load_any
from pkbench.spec.theory import GrowthClaim, SpectrumClaim, TheoryClaim
from tests.identities.test_spec import CONTRADICTED as CONTRADICTED_THEORY

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "paper-to-code.md"
TEXT = PAGE.read_text(encoding="utf-8")
SPECS = {path.stem: path for path in sorted((ROOT / "specs").glob("*.toml"))}

LINK = re.compile(r"\[([^\]]*)\]\(([^)\s]+)\)")
OBJECT = re.compile(r"`([\w/.-]+\.py)::([\w.]+)`")
CLAIM = re.compile(r"`([a-z0-9_-]+):([a-z0-9][a-z0-9_.-]*)`")
EXAMPLE = re.compile(r"```python\n(.*?)```", flags=re.DOTALL)

SHOWN = (
    [f"Table 1, {half}" for half in ("upper", "lower")]
    + ["Fig. 2a–c", "Fig. 2d", "Fig. 3", "Fig. 4, left", "Fig. 4, right", "Fig. 5", "Fig. 6", "Fig. 7"]
    + [f"Fig. S.{number}" for number in range(1, 9)]
    + [f"Table S.{number}" for number in range(1, 4)]
)
"""Every table and figure of the paper."""


@cache
def names_of(path: Path) -> frozenset[str]:
    """Classes, functions and variables of a module, those inside classes as ``Class.name``."""
    return frozenset(_names(ast.parse(path.read_text(encoding="utf-8")), ""))


def _names(owner: ast.Module | ast.ClassDef, prefix: str) -> set[str]:
    found: set[str] = set()
    for node in owner.body:
        match node:
            case ast.ClassDef(name=name):
                found |= {prefix + name} | _names(node, f"{prefix}{name}.")
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                found.add(prefix + name)
            case ast.AnnAssign(target=ast.Name(id=name)):
                found.add(prefix + name)
            case ast.Assign(targets=targets):
                found |= {prefix + target.id for target in targets if isinstance(target, ast.Name)}
    return found


@cache
def claims_of(spec: str) -> frozenset[str]:
    tables: list[dict[str, Any]] = tomllib.loads(SPECS[spec].read_text(encoding="utf-8"))["claim"]
    return frozenset(table["id"] for table in tables)


def untrained() -> list[str]:
    """Specs whose claims are decided when they are computed."""
    return [
        spec
        for spec, path in SPECS.items()
        if tomllib.loads(path.read_text(encoding="utf-8"))["experiment"]["kind"] != "train"
    ]


def contradicted_by_audit() -> set[tuple[str, str]]:
    loaded = load_any(SPECS["audit"]).spec
    assert isinstance(loaded, AuditSpec)
    configurations = {each.id: each for each in loaded.configuration}
    return {("audit", claim.id) for claim in loaded.claim if audit(claim, configurations).residual > claim.tolerance}


def figure(spec: str) -> TheorySpec:
    loaded = load_any(SPECS[spec]).spec
    assert isinstance(loaded, TheorySpec)
    return loaded


def contradicted_in(spec: str) -> set[tuple[str, str]]:
    """Of a figure that is computed, with one draw for each formula; growth over many widths takes too long here."""
    claims: list[TheoryClaim] = [
        claim.model_copy(update={"draws": 1}) if isinstance(claim, SpectrumClaim) else claim
        for claim in figure(spec).claim
        if not isinstance(claim, GrowthClaim)
    ]
    return {(spec, claim.id) for claim in claims if check(claim).residual > claim.tolerance}


def anchors_of(text: str) -> set[str]:
    """Headings as the fragments that GitHub gives them."""
    headings = re.findall(r"^#+ (.*)$", text, flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def link_faults(text: str) -> Iterator[str]:
    for label, target in LINK.findall(text):
        path, _, anchor = target.partition("#")
        named = OBJECT.fullmatch(label)
        if target.startswith("https://"):
            continue
        if not (PAGE.parent / path).exists():
            yield f"no file: {target}"
        elif anchor and anchor not in anchors_of(text):
            yield f"no heading: {target}"
        elif named and path != f"../{named[1]}":
            yield f"leads elsewhere: {label}"


def object_faults(text: str) -> Iterator[str]:
    for file, name in OBJECT.findall(text):
        if not (ROOT / file).is_file() or name not in names_of(ROOT / file):
            yield f"not defined: {file}::{name}"
        elif f"[`{file}::{name}`]" not in text:
            yield f"no link: {file}::{name}"


def claim_faults(text: str) -> Iterator[str]:
    for spec, claim in CLAIM.findall(text):
        if spec not in SPECS or claim not in claims_of(spec):
            yield f"no claim: {spec}:{claim}"


def faults(text: str) -> list[str]:
    """What ``text`` names and what does not exist."""
    return [*link_faults(text), *object_faults(text), *claim_faults(text)]


def rows_of(heading: str) -> list[list[str]]:
    """Cells of the table below ``heading``, without its head."""
    section = TEXT.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def test_everything_named_exists() -> None:
    assert not faults(TEXT)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("[a file](../pkbench/no_such.py)", "no file"),
        ("[below](#no-such-heading)\n\n## Another", "no heading"),
        ("[`pkbench/widths.py::omega`](../pkbench/models/pk.py)", "leads elsewhere"),
        ("`pkbench/widths.py::omega`", "no link"),
        ("[`pkbench/widths.py::no_such`](../pkbench/widths.py)", "not defined"),
        ("[`pkbench/models/pk.py::PKLayer.no_such`](../pkbench/models/pk.py)", "not defined"),
        ("`pkbench/no_such.py::omega`", "not defined"),
        ("`theory:no-such`", "no claim"),
        ("`no-such:vec`", "no claim"),
        ("[`pkbench/models/pk.py::PKLayer.forward`](../pkbench/models/pk.py)\n`theory:prop-3.3` [x](#y)\n# Y", None),
    ],
)
def test_what_is_wrong_is_found(text: str, fault: str | None) -> None:
    assert [each.split(":")[0] for each in faults(text)] == ([fault] if fault else [])


@pytest.mark.parametrize("spec", untrained())
def test_every_claim_that_needs_no_training_is_on_the_page(spec: str) -> None:
    named = {claim for which, claim in CLAIM.findall(TEXT) if which == spec}
    assert claims_of(spec) - named == set()


def test_every_spec_is_on_the_page() -> None:
    """A new spec replaces a 'planned: no spec yet' somewhere."""
    linked = {target.removeprefix("../specs/") for _, target in LINK.findall(TEXT) if target.startswith("../specs/")}
    assert {path.name for path in SPECS.values()} <= linked


def test_every_table_and_figure_has_a_row() -> None:
    assert [row[0] for row in rows_of("Tables and figures")] == SHOWN


def test_every_row_has_all_cells() -> None:
    for block in re.findall(r"(?:^\|.*\n)+", TEXT, flags=re.MULTILINE):
        assert len({line.count("|") for line in block.splitlines()}) == 1, block.splitlines()[0]


def test_contradictions_are_those_found() -> None:
    assert untrained() == ["audit", "fig-3", "fig-4-right", "theory"]
    contradicted = {("theory", name) for name in CONTRADICTED_THEORY} | contradicted_by_audit()
    contradicted |= contradicted_in("fig-3") | contradicted_in("fig-4-right")
    rows = rows_of("Contradictions in the paper")
    assert [row[0] for row in rows] == [str(number) for number in range(1, len(rows) + 1)]
    assert {claim for row in rows for claim in CLAIM.findall(row[2])} == contradicted
    assert not {claim for row in rows for claim in CLAIM.findall(row[3])} & contradicted


def test_drawn_points_of_figure_4_fit_half_of_the_connections() -> None:
    """Row 12: the drawn bars hold the means at 2^18 connections, and the widest one not the mean at 2^19."""
    (drawn,) = series_of("4-right", "sw-mlp M*A")
    points = {point.x / 2: point for point in drawn.points}  # drawn over the hidden width, gamma m with gamma = 2
    claim = next(each for each in figure("fig-4-right").claim if each.id == "grows-as-drawn")
    assert isinstance(claim, GrowthClaim)
    assert (claim.omega, claim.gamma) == (2**18, 2)
    means = dict(check(claim).values)
    for m in claim.m:
        assert points[m].half_bar is not None
        assert means[f"mean at m = {m}"] == pytest.approx(points[m].y, abs=points[m].half_bar)
    widest = points[4096]
    assert sw_largest(2.0, 4096, 2**19 / (2 * 4096**2), seed=0) < widest.y - 4 * (widest.half_bar or 0)


def test_the_worked_example_runs() -> None:
    source = "\n".join(EXAMPLE.findall(TEXT))
    test = doctest.DocTestParser().get_doctest(source, {}, PAGE.name, str(PAGE), 0)
    assert len(test.examples) > 10
    result = doctest.DocTestRunner().run(test)
    assert result.failed == 0
