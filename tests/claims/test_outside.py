"""Claims of extensions: their p values are evidence like any other, and no rule of pkbench's can be got around."""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pkbench.claims.obstacles import connections_gap
from pkbench.claims.verdict import Verdict
from pkbench.report.effects import by_unit, margins
from pkbench.report.words import effect_of
from tests.claims.factory import LESS, Study, failed, study, swept
from tests.claims.pairs import A, B, P, only, verdicts
from tests.extend.packages import install, on_path

TEXT = """
from pkbench.extend.base import Options
from pkbench.extend.claim import Assessment, ClaimExtension

ASKED = []


class GapOptions(Options):
    say: str = "a gap"
    p_for: float = 0.01
    p_against: float = 0.99


class Gap(ClaimExtension[GapOptions]):
    api = 1
    options = GapOptions

    def assess(self, options, a, b, margin, alpha):
        ASKED.append((a, b, margin, alpha))
        BODY
        return Assessment(effect=-2.0, interval=(-3.0, -1.0), p_for=options.p_for, p_against=options.p_against,
                          sentence=options.say)
"""
OUTSIDE: dict[str, Any] = LESS | {"id": "outside", "kind": "extension", "name": "gap", "options": {}, "margin": 0.5}


@pytest.fixture(scope="module", autouse=True)
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    folder = tmp_path_factory.mktemp("site")
    with on_path(folder):
        install(folder, "pack", {"pkbench.claims": {"gap": "gap_module:Gap"}}, {"gap_module": TEXT.replace("BODY", "")})
        yield


def asked() -> list[Any]:
    import gap_module  # type: ignore[import-not-found]

    found: list[Any] = gap_module.ASKED
    return found


def compared(a: Any = A, b: Any = B, claims: Any = (OUTSIDE,), **changes: Any) -> Study:
    s = study(seeds=(0, 1, 2), claims=claims, **changes)
    s.finish("a", a)
    s.finish("b", b)
    return s


def with_options(**options: Any) -> dict[str, Any]:
    return OUTSIDE | {"options": options}


def test_what_it_finds_is_the_verdicts_evidence() -> None:
    v = only(compared())
    assert (v.outcome, v.kind, v.effect, v.low, v.high) == ("supported", "extension", -2.0, -3.0, -1.0)
    assert (v.n, v.n_planned, v.mean_a, v.mean_b, v.margin, v.boundaries) == (3, 3, 2.0, 4.0, 0.5, ())
    assert (v.p_support, v.p_contradict, v.adjusted_support) == (0.01, 0.99, 0.01)
    assert (v.sd, v.effect_size, v.seeds_needed, v.detectable) == (None, None, None, None)
    assert v.sentence == "a gap Supported: p = 0.01 (one-sided, Holm over 1)."
    assert asked()[-1] == ({"a": {0: 1.0, 1: 2.0, 2: 3.0}}, {"b": {0: 2.0, 1: 4.0, 2: 6.0}}, 0.5, 0.05)
    assert effect_of(v) == "a, b"


def test_it_can_be_about_one_model_or_a_family() -> None:
    alone = {name: value for name, value in OUTSIDE.items() if name != "b"}
    v = only(compared(claims=(alone,)))
    assert (v.outcome, v.b, v.connections_gap, effect_of(v)) == ("supported", None, None, "a")
    s = study(seeds=(0, 1, 2), claims=(OUTSIDE,), models={"a": swept(C=[8, 10]), "b": {"C": 9}})
    for name, values in (("a-c8", A), ("a-c10", (2.0, 2.5, 9.0)), ("b", B)):
        s.finish(name, values)
    assert only(s).outcome == "supported"
    assert list(asked()[-1][0]) == ["a-c8", "a-c10"]


def test_holm_is_over_all_claims() -> None:
    inside, outside = verdicts(compared(claims=(LESS, OUTSIDE)))
    assert (outside.adjusted_support, outside.family_support, outside.family_contradict) == (0.02, 2, 2)
    assert inside.adjusted_support == pytest.approx(P)
    inside, outside = verdicts(compared(claims=(LESS, with_options(p_for=0.04))))
    assert [inside.outcome, outside.outcome] == ["inconclusive", "inconclusive"]
    assert outside.adjusted_support == pytest.approx(2 * P)


def test_against_the_claim() -> None:
    v = only(compared(claims=(with_options(p_for=0.99, p_against=0.01),)))
    assert (v.outcome, v.adjusted_contradict) == ("contradicted", 0.01)
    assert only(compared(claims=(with_options(p_for=0.2, p_against=0.9),))).outcome == "inconclusive"


def held_back(s: Study) -> Verdict:
    before = len(asked())
    v = only(s)
    assert len(asked()) == before, "an extension is not asked where nothing can be decided"
    assert (v.outcome, v.effect, v.adjusted_support) == ("inconclusive", None, None)
    return v


def test_two_seeds_never_decide() -> None:
    s = study(seeds=(0, 1), claims=(OUTSIDE,))
    s.finish("a", A[:2])
    s.finish("b", B[:2])
    assert "2 seeds cannot decide" in held_back(s).sentence


def test_a_single_seed_is_told_of_as_one() -> None:
    s = study(seeds=(0,), claims=(OUTSIDE,))
    s.finish("a", A[:1])
    assert held_back(s).sentence.startswith("No decision: 1 of 1 seed is missing")
    s.finish("b", B[:1])
    assert held_back(s).sentence.startswith("No decision: 1 seed cannot decide")


@pytest.mark.parametrize("unfinished", ["a", "b"])
def test_a_learning_rate_that_cannot_be_chosen_holds_the_verdict_back(unfinished: str) -> None:
    s = study(seeds=(0, 1, 2), rates=(0.01, 0.02), claims=(OUTSIDE,))
    for model, errors in (("a", A), ("b", B)):
        for lr in (0.01, 0.02):
            s.finish(model, errors, lr=lr)
    assert only(s).outcome == "supported"
    del s.records[s.run(unfinished, 2, 0.02).run_id or ""]
    told = f"No decision: {unfinished}: 1 of 6 runs that choose the learning rate are missing;"
    assert held_back(s).sentence.startswith(told)


def test_a_failed_run_holds_the_verdict_back() -> None:
    s = study(seeds=(0, 1, 2, 3), claims=(OUTSIDE,))
    s.finish("a", A)
    s.put(failed(s.run("a", 3)))
    s.finish("b", (*B, 8.0))
    v = held_back(s)
    assert "1 of 4 seeds is missing" in v.sentence
    assert any("failed after epoch" in note for note in v.notes)
    s = compared()
    s.put(failed(s.run("b", 2)))
    assert [note for note in held_back(s).notes if "failed" in note] == [
        "b · digits · lr 0.01 · seed 2 failed after epoch 1: diverged (loss is nan)"
    ]


def test_without_spread_nothing_is_decided() -> None:
    s = compared(a=(1.0, 2.0, 3.0), b=(2.0, 3.0, 4.0))
    assert "the difference of a and b is the same for every seed" in held_back(s).sentence
    alone = {name: value for name, value in OUTSIDE.items() if name != "b"}
    assert "a is the same for every seed" in held_back(compared(a=(1.0, 1.0, 1.0), claims=(alone,))).sentence


def test_connections_are_as_equal_as_the_claim_wants() -> None:
    s = compared(claims=(OUTSIDE | {"equal_connections_within": 0.01},), models={"a": {"C": 8}, "b": {"C": 16}})
    assert "the claim is about connections equal within 0.01" in held_back(s).sentence
    models = {"a": {"C": 8}, "b": {"C": 9}}
    s = compared(claims=(OUTSIDE | {"equal_connections_within": 0.9},), models=models)
    assert only(s).outcome == "supported"
    sizes = [s.run(name, 0).shape.connections for name in "ab"]
    gap = connections_gap(*sizes)
    assert only(s).connections_gap == gap > 0
    assert only(compared(claims=(OUTSIDE | {"equal_connections_within": gap},), models=models)).outcome == "supported"
    v = held_back(compared(claims=(OUTSIDE | {"equal_connections_within": gap * 0.999},), models=models))
    assert f"a has {sizes[0]:,} and b has {sizes[1]:,}: {100 * gap:.2f} % apart" in v.sentence
    assert v.connections_gap == gap


def test_connections_of_a_whole_family_are_compared() -> None:
    claim = OUTSIDE | {"equal_connections_within": 0.5}
    s = study(seeds=(0, 1, 2), claims=(claim,), models={"a": swept(C=[8, 9, 24]), "b": {"C": 7}})
    for name, values in (("a-c8", A), ("a-c9", (2.0, 2.5, 9.0)), ("a-c24", (1.0, 4.0, 2.0)), ("b", B)):
        s.finish(name, values)
    v = held_back(s)
    assert v.sentence.count(" apart") == 1
    assert "but b has" in v.sentence
    assert "and a-c24 has" in v.sentence


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("return 'supported'", "failed in assess: TypeError: it gives a str and no Assessment"),
        ("raise RuntimeError('x\\ny')", "failed in assess: RuntimeError: x y"),
        ("raise ValueError('only for pairs')", "refuses in assess: only for pairs"),
        ("return Assessment(effect=float('nan'), interval=None, p_for=0.1, p_against=0.9, sentence='x')", "its effect is nan"),
        ("return Assessment(effect=1.0, interval=None, p_for=-0.1, p_against=0.9, sentence='x')", "its p_for is -0.1"),
        ("return Assessment(effect=1.0, interval=None, p_for=0.1, p_against=1.5, sentence='x')", "its p_against is 1.5"),
        ("return Assessment(effect=1.0, interval=None, p_for=None, p_against=1, sentence='x')", "its p_for is None"),
        ("return Assessment(effect=1.0, interval=None, p_for=0.01, p_against=0.01, sentence='x')", "both the claim and its opposite"),
        ("return Assessment(effect=1.0, interval=(2.0, 1.0), p_for=0.1, p_against=0.9, sentence='x')", "its interval is (2.0, 1.0)"),
        ("return Assessment(effect=1.0, interval=(2.0,), p_for=0.1, p_against=0.9, sentence='x')", "its interval is (2.0,)"),
        ("return Assessment(effect=1.0, interval=(0.0, float('inf')), p_for=0.1, p_against=0.9, sentence='x')", "its interval's high end is inf"),
        ("return Assessment(effect=1.0, interval=(float('nan'), 0.0), p_for=0.1, p_against=0.9, sentence='x')", "its interval's low end is nan"),
        ("return Assessment(effect=1.0, interval=None, p_for=alpha, p_against=alpha, sentence='x')", "both the claim and its opposite"),
        ("return Assessment(effect=1.0, interval=None, p_for=0.1, p_against=0.9, sentence='x' * 1001)", "a text of 1 to 1,000 characters"),
        ("return Assessment(effect=1.0, interval=None, p_for=0.1, p_against=0.9, sentence='')", "its sentence has to be"),
    ],
)  # fmt: skip
def test_answers_that_are_none_are_no_decision(tmp_path: Path, body: str, told: str) -> None:
    other = tmp_path / "site"
    with on_path(other):
        install(other, "odd-pack", {"pkbench.claims": {"odd": "odd_gap:Gap"}}, {"odd_gap": TEXT.replace("BODY", body)})
        inside, outside = verdicts(compared(claims=(LESS, OUTSIDE | {"name": "odd"})))
    assert outside.outcome == "inconclusive"
    assert told in outside.sentence
    assert "odd of odd-pack 1.0" in outside.sentence
    assert inside.effect == -2.0


def test_answers_at_the_limits_are_answers(tmp_path: Path) -> None:
    body = "return Assessment(effect=0.0, interval=(0.0, 0.0), p_for=0.0, p_against=1.0, sentence=options.say)"
    with on_path(tmp_path / "site"):
        install(
            tmp_path / "site",
            "edge-pack",
            {"pkbench.claims": {"edge": "edge_gap:Gap"}},
            {"edge_gap": TEXT.replace("BODY", body)},
        )
        for sentence in ("x", "x" * 1000):
            v = only(compared(claims=(OUTSIDE | {"name": "edge", "options": {"say": sentence}},)))
            assert (v.outcome, v.p_support, v.low, v.high) == ("supported", 0.0, 0.0, 0.0)
            assert v.sentence.startswith(f"{sentence} Supported")


def test_what_it_says_steers_no_terminal() -> None:
    v = only(compared(claims=(with_options(say="red \x1b[31m\nline"),)))
    assert "\x1b" not in v.sentence
    assert "\n" not in v.sentence


def test_figures_show_its_effect_without_a_margin_of_theirs() -> None:
    s = compared(claims=(LESS, OUTSIDE))
    found = verdicts(s)
    ((unit, shown),) = by_unit(found).items()
    assert "percentage points" in unit
    assert len(shown) == 2
    assert margins(found[1], s.scaled.spec.claim[1]) == []
    assert not math.isnan(found[1].effect or math.nan)
