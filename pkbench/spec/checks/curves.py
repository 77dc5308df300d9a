"""Checks of claims about families: there are members to compare, their sizes differ, and the paper's curves exist."""

from __future__ import annotations

from collections.abc import Iterator

from pkbench.errors import ExtensionError, Fault
from pkbench.paper.points import figures, names_in
from pkbench.spec.checks.scene import Scene
from pkbench.spec.claim import (
    AnyClaim,
    AnyCurve,
    CrossingClaim,
    CurveClaim,
    PairClaim,
    PaperCurve,
    TrendClaim,
    ValueClaim,
)
from pkbench.spec.metric import MEASURED_SWITCHES, XName
from pkbench.spec.model import AnyModel, shape_of
from pkbench.spec.parts import Parts
from pkbench.spec.positions import Loc
from pkbench.spec.sizes_along import x_of
from pkbench.spec.words import no_such

_LEAST = 2


def check_paper_curves(parts: Parts) -> Iterator[Fault]:
    """Faults of the curves of the paper that claims name."""
    for index, claim in parts.claim.items():
        if isinstance(claim, PairClaim | CurveClaim) and claim.paper is not None:
            yield from _check_curve(parts, ("claim", index, "paper"), claim.paper)


def _check_curve(parts: Parts, loc: Loc, curve: PaperCurve) -> Iterator[Fault]:
    if curve.figure not in figures():
        yield parts.fault((*loc, "figure"), *no_such("figure with points", curve.figure, figures()))
        return
    for key in ("a", "b"):
        name = getattr(curve, key)
        if name is not None and name not in names_in(curve.figure):
            yield parts.fault((*loc, key), *no_such(f"series of Fig. {curve.figure}", name, names_in(curve.figure)))


def check_metrics(parts: Parts) -> Iterator[Fault]:
    """Metrics that nothing of the recipe measures."""
    for index, claim in parts.claim.items():
        switch = MEASURED_SWITCHES.get(claim.metric)
        probe = parts.train.probe if parts.train is not None else None
        if switch is not None and parts.train is not None and (probe is None or not getattr(probe, switch)):
            what = f"claim `{claim.id}` is about {claim.metric}, which is not measured"
            remedy = f"add [train.probe] with {switch} = true"
            yield parts.fault(("claim", index, "metric"), what, "the recipe's probe measures it", remedy)
        if claim.kind == "value" and claim.metric != "test_error":
            what = f"claim `{claim.id}` is about the reported {claim.metric}"
            yield parts.fault(("claim", index, "metric"), what, "test errors are reported", 'write "test_error"')


def check_families_at(scene: Scene) -> Iterator[Fault]:
    """Faults of the families that claims are about, at a profile."""
    for index, claim in scene.parts.claim.items():
        if isinstance(claim, TrendClaim):
            yield from _check_trend(scene.parts, index, claim)
        if isinstance(claim, CurveClaim):
            yield from _check_curve_claim(scene, index, claim)
        elif isinstance(claim, PairClaim):
            yield from _check_pair(scene, index, claim)
        elif isinstance(claim, ValueClaim):
            yield from _check_single(scene, index, claim, "the reported number")
    yield from _check_compares(scene)


def _check_compares(scene: Scene) -> Iterator[Fault]:
    """Comparisons between families of different lengths."""
    lengths = {scene.models[index].id: len(family) for index, family in scene.families.items()}
    for index, compare in scene.parts.compare.items():
        a, b = (lengths.get(name, 1) for name in (compare.a, compare.b))
        if a != b and min(a, b) > 1:
            what = f"comparison `{compare.id}` is of {a} members with {b} at profile {scene.name}"
            constraint = "members are compared one with one, or all with a single model"
            yield scene.parts.fault(("compare", index, "b"), what, constraint, "give both families as many members")


def _check_trend(parts: Parts, index: int, claim: TrendClaim) -> Iterator[Fault]:
    """Numbers with which no trend could ever be shown."""
    if claim.direction == "flat" and claim.margin == 0:
        what = f"claim `{claim.id}` says that a slope is flat within a margin of 0"
        yield parts.fault(("claim", index, "margin"), what, "no slope is exactly 0", "give the slope that would count")
    if claim.x_to is not None and claim.x_to <= (claim.x_from or 0.0):
        what = f"claim `{claim.id}` is about {claim.x} from {claim.x_from or 0:g} to {claim.x_to:g}"
        yield parts.fault(("claim", index, "x_to"), what, "sizes are above 0, and the largest comes last", "")


def _check_single(scene: Scene, index: int, claim: PairClaim | ValueClaim, with_what: str) -> Iterator[Fault]:
    """A family where the claim can only be about a single model."""
    if any(len(family) > 1 for family in _families(scene, claim, claim.a)):  # type: ignore[arg-type]
        what = f"claim `{claim.id}` compares the family `{claim.a}` with {with_what}"
        yield scene.parts.fault(
            ("claim", index, "a"), what, "that is a number of a single model", "name a single model"
        )


def _families(scene: Scene, claim: AnyClaim, name: str) -> tuple[tuple[AnyModel, ...], ...]:
    """The members behind ``name``; of a comparison those of both its models; nothing where one is not valid."""
    by_id = {scene.models[index].id: family for index, family in scene.families.items()}
    names: tuple[str, ...] = (name,)
    if claim.metric == "cka":
        compare = next((found for found in scene.parts.compare.values() if found.id == name), None)
        names = () if compare is None else (compare.a, compare.b)
    if not all(found in by_id for found in names):
        return ()
    return tuple(by_id[found] for found in names)


def _check_curve_claim(scene: Scene, index: int, claim: AnyCurve) -> Iterator[Fault]:
    names = {"a": claim.a} | ({"b": claim.b} if isinstance(claim, CrossingClaim) else {})
    lengths = {}
    for key, name in names.items():
        families = _families(scene, claim, name)
        if not families:
            return
        lengths[key] = max(len(family) for family in families)
        if key == "a" and lengths[key] < _LEAST:
            swept = any(model.id == name and model.sweep is not None for model in scene.models.values())
            is_one = "a family of one member" if swept else "a single model"
            what = f"claim `{claim.id}` is about a curve of `{name}`, {is_one} at profile {scene.name}"
            remedy = "add a value to its sweep" if swept else "add a sweep to the model"
            yield scene.parts.fault(("claim", index, key), what, "a curve has at least two members", remedy)
            return
        yield from _check_x(scene, index, claim, claim.x, families)
    yield from _check_lengths(scene, index, claim.id, lengths)


def _check_pair(scene: Scene, index: int, claim: PairClaim) -> Iterator[Fault]:
    lengths = {}
    for key in ("a", "b"):
        families = _families(scene, claim, getattr(claim, key))  # type: ignore[arg-type]
        if not families:
            if key == "b" and claim.metric != "cka" and not scene.parts.knows("model", claim.b):
                yield from _check_single(scene, index, claim, f"the quoted `{claim.b}`")
            return
        lengths[key] = max(len(family) for family in families)
        if claim.x is not None and lengths[key] > 1:
            yield from _check_x(scene, index, claim, claim.x, families)  # type: ignore[arg-type]
    yield from _check_lengths(scene, index, claim.id, lengths)
    if max(lengths.values()) > 1 and claim.x is None:
        what = f"claim `{claim.id}` is about families and has no x"
        constraint = "x says what their members differ in"
        yield scene.parts.fault(("claim", index), what, constraint, 'add x = "width", say')


def _check_lengths(scene: Scene, index: int, claim_id: str, lengths: dict[str, int]) -> Iterator[Fault]:
    if len(set(lengths.values()) - {1}) > 1:
        what = f"claim `{claim_id}` compares {lengths['a']} members with {lengths['b']} at profile {scene.name}"
        constraint = "members are compared one with one, or all with a single model"
        yield scene.parts.fault(("claim", index, "b"), what, constraint, "give both families as many members")


def _counts(claim: AnyClaim, x: float) -> bool:
    """Whether a member at ``x`` is one that ``claim`` is about."""
    return not isinstance(claim, TrendClaim) or claim.includes(x)


def _check_x(
    scene: Scene, index: int, claim: AnyClaim, x: XName, families: tuple[tuple[AnyModel, ...], ...]
) -> Iterator[Fault]:
    """Members without the size that is asked for, or all with the same one."""
    swept = max(families, key=len)
    loc: Loc = ("claim", index, "x")
    for data in scene.data.values():
        try:
            found = [x_of(x, model, shape_of(model, data.shape, data.classes)) for model in swept]
        except (ValueError, ZeroDivisionError, ExtensionError):
            return  # sizes that do not fit, an image smaller than a patch, have faults of their own
        # A trend may leave out members by their x.
        counted = [value for value in found if value is not None and _counts(claim, value)]
        if None in found:
            what = f"claim `{claim.id}`: `{swept[0].id}` has no {x}"
            yield scene.parts.fault(loc, what, f'kind = "{swept[0].kind}" is laid out along other sizes', "")
        elif len(swept) > 1 and len(set(counted)) < len(counted):
            values = ", ".join(f"{value:g}" for value in counted)
            what = f"claim `{claim.id}`: members have {x} = {values} at profile {scene.name}"
            yield scene.parts.fault(loc, what, "a curve has one member at each x", "choose another x, or other sizes")
        return
