"""Null hypotheses at the boundary, where a wrong verdict is likeliest: claim, truth, and the verdict that is wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

from pydantic import TypeAdapter

from pkbench.claims.calibration.shapes import ALIKE, HEAVY, NORMAL, SHARED, SKEWED, Shape
from pkbench.claims.calibration.stage import FAMILIES, QUOTED
from pkbench.spec.claim import AnyClaim, Claim

ALPHA: Final = 0.05
LEVEL: Final = 50.0
"""Where all means are, in per cent, but for what a case says."""
CLEAR: Final = 30.0
"""A distance, in deviations of one model's seeds, that no study misses."""

Wrong = Literal["supported", "contradicted"]
WRONGS: Final[tuple[Wrong, Wrong]] = ("supported", "contradicted")
Means = Mapping[str, tuple[float, ...]]

ALL_SHAPES: Final = frozenset({NORMAL.name, SKEWED.name, HEAVY.name, SHARED.name})


@dataclass(frozen=True, slots=True)
class Case:
    """Claims of one spec with a truth under which some verdict on them is wrong.

    Attributes:
        claim: what is claimed, for tables.
        truth: what is true, for tables.
        wrong: the verdict that is an error.
        claims: all claims of the spec.
        means: true deviations from ``LEVEL`` by name and member.
        scatters: which members scatter where only one side does (1) and which stand still (0).
        judged: positions in ``claims`` at which ``wrong`` is wrong.
        published: seeds behind a published number that is drawn as the models' values are; 0 for none.
        held: shapes for which the rate has to be within alpha.
    """

    claim: str
    truth: str
    wrong: Wrong
    claims: tuple[AnyClaim, ...]
    means: Means
    scatters: Means
    judged: tuple[int, ...] = (0,)
    published: int = 0
    held: frozenset[str] = field(default=ALL_SHAPES)

    @property
    def name(self) -> str:
        """Its own name, which its random streams are called by."""
        return f"{self.claim}: {self.truth}: {self.wrong}"


_ADAPTER: Final[TypeAdapter[AnyClaim]] = TypeAdapter(Claim)


def claim(kind: str, a: str, **fields: Any) -> AnyClaim:
    """A claim of the made-up spec at ``ALPHA``."""
    common = {"id": f"{kind}-{a}", "statement": "Made up.", "place": "Nowhere", "metric": "test_error", "alpha": ALPHA}
    return _ADAPTER.validate_python(common | {"kind": kind, "a": a} | fields)


def _flat(name: str, value: float = 0.0) -> tuple[float, ...]:
    return (value,) * FAMILIES[name]


def _both(claim_: str, truth: str, claims: tuple[AnyClaim, ...], means: Means, scatters: Means) -> Iterator[Case]:
    for wrong in WRONGS:
        yield Case(claim_, truth, wrong, claims, means, scatters)


def _pairs() -> Iterator[Case]:
    one_side: Means = {"a": (1.0,), "b": (0.0,)}
    for kind, effect in (("less", -0.5), ("non-inferior", 0.5)):
        claims = (claim(kind, "a", b="b", margin=0.5),)
        yield from _both(kind, "the difference is at the margin", claims, {"a": (effect,), "b": (0.0,)}, one_side)
    for wrong, margin, width in zip(WRONGS, (CLEAR, 0.01), ("wide", "narrow"), strict=True):
        claims = (claim("equivalent", "a", b="b", margin=margin),)
        truth = f"the difference is at a {width} margin"
        yield Case("equivalent", truth, wrong, claims, {"a": (margin,), "b": (0.0,)}, one_side)


def _family_pairs() -> Iterator[Case]:
    one_side: Means = {"f": _flat("f", 1.0), "g": _flat("g", 0.0)}
    others = (-CLEAR,) * (FAMILIES["f"] - 1)
    less = (claim("less", "f", b="g", x="C", margin=0.0),)
    name = "less, five members"
    yield Case(
        name,
        "one member is at the margin, the others hold",
        "supported",
        less,
        {"f": (0.0, *others), "g": _flat("g")},
        one_side,
    )
    yield Case(
        name, "every member is at the margin", "contradicted", less, {"f": _flat("f"), "g": _flat("g")}, one_side
    )
    name = "equivalent, five members"
    wide = (claim("equivalent", "f", b="g", x="C", margin=CLEAR),)
    means = {"f": (CLEAR, *_flat("f")[1:]), "g": _flat("g")}
    yield Case(name, "one member is at a wide margin, the others hold", "supported", wide, means, one_side)
    narrow = (claim("equivalent", "f", b="g", x="C", margin=0.01),)
    means = {"f": _flat("f", 0.01), "g": _flat("g")}
    yield Case(name, "every member is at a narrow margin", "contradicted", narrow, means, one_side)


def _trends() -> Iterator[Case]:
    last: Means = {"f": (0.0, 0.0, 0.0, 0.0, 1.0)}
    for direction, slope in (("falls", -0.3), ("rises", 0.3)):
        claims = (claim("trend", "f", x="C", direction=direction, margin=0.3),)
        yield from _both(f"trend {direction}", "the slope is at the margin", claims, _line(slope), last)
    for wrong, margin, width in zip(WRONGS, (CLEAR / 3, 0.005), ("wide", "narrow"), strict=True):
        claims = (claim("trend", "f", x="C", direction="flat", margin=margin),)
        yield Case("trend flat", f"the slope is at a {width} margin", wrong, claims, _line(margin), last)


def _line(slope: float) -> Means:
    """Means of ``f`` that rise by ``slope`` for each doubling of C."""
    return {"f": tuple(slope * place for place in range(FAMILIES["f"]))}


def _places() -> Iterator[Case]:
    """The third member is at the target, and with ``within=2`` its neighbours count as near."""
    for truth, within, means in (
        ("one near and one far tie, the others are far behind", 1.0, (CLEAR, CLEAR, 0.0, 0.0, CLEAR)),
        ("three near and one far tie, the other is far behind", 2.0, (CLEAR, 0.0, 0.0, 0.0, 0.0)),
        ("one near and all four far tie", 1.0, (0.0,) * 5),
        ("three near and two far tie", 2.0, (0.0,) * 5),
    ):
        near = tuple(float(8 * 2**place in _near(within)) for place in range(5))
        claims = (claim("minimum-near", "f", x="C", target=32, within=within),)
        yield from _both("minimum-near", truth, claims, {"f": means}, {"f": near})
        if within == 1.0:
            turned = tuple(-value for value in means)
            claims = (claim("maximum-near", "f", x="C", target=32, within=within),)
            yield from _both("maximum-near", truth, claims, {"f": turned}, {"f": near})


def _near(within: float) -> tuple[int, ...]:
    return (32,) if within == 1.0 else (16, 32, 64)


def _crossings() -> Iterator[Case]:
    one_side: Means = {"f": _flat("f", 1.0), "g": _flat("g", 0.0)}
    claims = (claim("crossing", "f", b="g", x="C", margin_first=1.0, margin_last=0.5),)
    ends: tuple[tuple[str, Wrong, float, float], ...] = (
        ("the first end is at its margin, the last holds", "supported", 1.0, -CLEAR),
        ("the last end is at its margin, the first holds", "supported", CLEAR, 0.5),
        ("both ends are at their margins", "contradicted", 1.0, 0.5),
    )
    for truth, wrong, first, last in ends:
        means = {"f": (first, first, 0.0, last, last), "g": _flat("g")}
        yield Case("crossing", truth, wrong, claims, means, one_side)


def _published() -> Iterator[Case]:
    value = (claim("value", "a"),)
    # A mean is compared with one of another number of seeds: skew does not cancel as it does in pairs.
    held = frozenset({NORMAL.name, SHARED.name})
    for seeds in (1, 3):
        truth = f"the reported mean is of {seeds} such seed{'s' if seeds > 1 else ''}"
        one: Means = {"a": (1.0,)}
        yield Case("value", truth, "contradicted", value, {"a": (0.0,)}, one, published=seeds, held=held)
    for wrong in WRONGS:
        # Welch's test is approximate: no promise.
        yield _quoted("less, against a quoted mean and deviation", wrong, 3, frozenset())
        yield _quoted("less, against a quoted number without a deviation", wrong, 1, held)


def _quoted(name: str, wrong: Wrong, seeds: int, held: frozenset[str]) -> Case:
    less = (claim("less", "a", b=QUOTED, margin=0.5),)
    truth = f"the difference is at the margin, {seeds} quoted seed{'s' if seeds > 1 else ''}"
    return Case(name, truth, wrong, less, {"a": (-0.5,)}, {"a": (1.0,)}, published=seeds, held=held)


def _several() -> Iterator[Case]:
    """Several claims of one spec: Holm's correction has to hold the whole, however its claims depend on each other."""
    alone = (
        claim("less", "a", b="b", margin=0.0),
        claim("less", "c", b="d", margin=0.0),
        claim("trend", "f", x="C", direction="falls", margin=0.0),
        claim("trend", "g", x="C", direction="falls", margin=0.0),
    )
    one_side: Means = {
        **dict.fromkeys(("a", "c"), (1.0,)),
        **dict.fromkeys(("b", "d"), (0.0,)),
        **dict.fromkeys(("f", "g"), (0.0, 0.0, 0.0, 0.0, 1.0)),
    }
    flat: Means = {name: _flat(name) for name in FAMILIES}
    name = "four claims on different models"
    for wrong in WRONGS:
        yield Case(name, "all are at their boundary", wrong, alone, flat, one_side, judged=(0, 1, 2, 3))
    half: Means = {**flat, "a": (-CLEAR,), "f": tuple(-CLEAR * place for place in range(FAMILIES["f"]))}
    yield Case(name, "two hold, two are at their boundary", "supported", alone, half, one_side, judged=(1, 3))
    same = (
        claim("less", "f", b="g", x="C", margin=0.0),
        claim("trend", "f", x="C", direction="falls", margin=0.0),
        claim("minimum-near", "f", x="C", target=32, within=1.0),
        claim("crossing", "f", b="g", x="C", margin_first=0.0, margin_last=0.0),
    )
    one_side = {"f": _flat("f", 1.0), "g": _flat("g", 0.0)}
    name = "four claims on the same models"
    for wrong in WRONGS:
        both: Means = {"f": _flat("f"), "g": _flat("g")}
        yield Case(name, "all are at their boundary", wrong, same, both, one_side, judged=(0, 1, 2, 3))


def cases() -> tuple[Case, ...]:
    """Every case, in the order of the table."""
    return (*_pairs(), *_family_pairs(), *_trends(), *_places(), *_crossings(), *_published(), *_several())


def limits() -> tuple[tuple[Case, Shape], ...]:
    """What no test on seeds can hold, with the shape in which it fails."""
    alike = next(case for case in _pairs() if case.wrong == "supported")
    return ((replace(alike, held=frozenset()), ALIKE),)
