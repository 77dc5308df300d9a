"""What the paper reports, what its numbers allow to say, and that verdicts show it."""

import math
from typing import Any

import pytest

from pkbench.claims.published import Published, paper_tests, published
from pkbench.spec.document import Spec
from tests.claims.factory import LESS, QUOTED, VALUE, document, reported, study
from tests.claims.pairs import only, verdicts

ROWS = (reported("a", 12.07, 0.47, 3), reported("b", 15.91, 1.55, 3), reported("lasso", 14.81, quoted_from="Elsewhere"))


def spec(claims: Any = (LESS, QUOTED, VALUE), numbers: Any = ROWS) -> Spec:
    return Spec.model_validate(document(claims=claims, numbers=numbers))


def test_a_published_number_with_where_it_stands() -> None:
    assert published(spec(), "lasso", "cifar10") == Published(14.81, None, None, "Table 1", "Elsewhere")
    assert published(spec(), "a", "cifar10") == Published(12.07, 0.47, 3, "Table 1", None)
    assert published(spec(), "a", "digits") is None
    assert published(spec(), "c", "cifar10") is None


@pytest.mark.parametrize(("sd", "n"), [(None, 3), (0.5, None), (None, None), (0.5, 1)])
def test_no_summary_without_deviation_and_two_seeds(sd: float | None, n: int | None) -> None:
    assert Published(1.0, sd, n, "Table 1", None).summary is None


def test_two_seeds_make_a_summary() -> None:
    assert Published(1.0, 0.5, 2, "Table 1", None).summary == (1.0, 0.5, 2)


def test_a_mean_of_unknown_seeds_counts_as_one() -> None:
    assert [Published(1.0, None, n, "Table 1", None).seeds for n in (None, 1, 2)] == [1, 1, 2]


def test_every_comparison_the_paper_makes_with_its_own_numbers() -> None:
    found = paper_tests(spec())
    assert [(test.claim_id, test.data_id) for test in found] == [("less", "cifar10"), ("quoted", "cifar10")]
    assert [test.p for test in found] == pytest.approx([0.0407, 0.00967], abs=5e-5)
    assert found[0].test.effect == pytest.approx(-3.84)
    assert (found[0].a.mean, found[0].b.mean) == (12.07, 15.91)


def test_a_margin_is_part_of_the_question() -> None:
    (found,) = paper_tests(spec(claims=(LESS | {"margin": 3.84},)))
    assert found.p == pytest.approx(1.0)


def test_parity_is_tested_for_and_a_difference_from_both_sides() -> None:
    # 9.5 and 10, deviations 1 of two seeds each: error sqrt(1/2 + 1/2) = 1 with 2 degrees, p = 1/2 - t / (2 sqrt(2 + t²)).
    rows = (reported("a", 9.5, 1.0, 2), reported("b", 10.0, 1.0, 2))
    worse, same = (LESS | {"kind": kind, "margin": 4.0} for kind in ("non-inferior", "equivalent"))

    def p(claim: Any) -> float:
        (found,) = paper_tests(spec((claim,), rows))
        assert found.kind == claim["kind"]
        return found.p

    # Two-sided: t = .5; below +4: t = 4.5; above -4 as well: t = 3.5.
    assert p(LESS) == pytest.approx(1 - 0.5 / math.sqrt(2.25))
    assert p(worse) == pytest.approx(0.5 - 4.5 / (2 * math.sqrt(22.25)))
    assert p(same) == pytest.approx(0.5 - 3.5 / (2 * math.sqrt(14.25)))


def test_only_on_the_data_of_the_claim() -> None:
    both = (*ROWS, reported("a", 1.0, 0.1, 3, data="digits"), reported("b", 2.0, 0.1, 3, data="digits"))
    assert [test.data_id for test in paper_tests(spec((LESS,), both))] == ["digits", "cifar10"]
    assert [test.data_id for test in paper_tests(spec((LESS | {"data": ["digits"]},), both))] == ["digits"]


def test_numbers_without_any_spread_allow_no_test() -> None:
    exact = (reported("a", 12.07, 0.0, 3), reported("b", 15.91, 0.0, 3))
    assert paper_tests(spec((LESS,), exact)) == ()
    assert paper_tests(spec((LESS,), (reported("a", 12.07), ROWS[1]))) == ()
    assert paper_tests(spec((LESS,), ROWS[:1])) == ()
    assert paper_tests(spec((LESS,), ROWS[1:])) == ()


def test_what_the_papers_numbers_allow_is_shown() -> None:
    found = verdicts(study("paper", claims=(LESS, QUOTED), numbers=ROWS))
    assert [v.paper_p for v in found] == pytest.approx([0.0407, 0.00967], abs=5e-5)
    less = found[0]
    assert less.published_a is not None
    assert less.published_b is not None
    assert (less.published_a.mean, less.published_b.mean, less.published_a.quoted_from) == (12.07, 15.91, None)
    assert found[1].published_b is not None
    assert found[1].published_b.quoted_from == "Elsewhere"
    # Another data set's numbers say nothing here.
    quick = verdicts(study("quick", claims=(LESS,), numbers=ROWS))[0]
    assert (quick.published_a, quick.published_b, quick.paper_p) == (None, None, None)


def test_no_p_value_without_a_spread_of_a() -> None:
    numbers = (reported("a", 12.07), reported("b", 15.91, 1.55, 3))
    assert only(study("paper", numbers=numbers)).paper_p is None
    assert only(study("paper", numbers=numbers[1:])).paper_p is None
    assert only(study("paper", numbers=(reported("a", 12.07, 0.47, 3),))).paper_p is None
