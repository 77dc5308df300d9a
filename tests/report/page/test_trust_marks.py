"""Trust marks: good only where it is so."""

import pytest

from pkbench.report.page.trust_marks import trust_marks
from pkbench.report.study import Study
from tests.claims import factory
from tests.report.made import filled, study_of


def marks(study: Study) -> dict[str, bool]:
    return {mark.text: mark.good for mark in trust_marks(study)}


def test_a_whole_study() -> None:
    assert marks(study_of(filled())) == {
        "6 of 6 runs finished": True,
        "3 seeds of each model or more": True,
        "code of 1 commit, nothing uncommitted": True,
        "the same hardware for all": True,
        "one learning rate, not tuned": False,
    }


def test_nothing_run_yet() -> None:
    assert marks(study_of(filled(errors={}))) == {"0 of 6 runs finished": False}


def test_failures_problems_and_few_seeds() -> None:
    made = filled(errors={"a": (1.0, 2.0, 3.0), "b": (1.0, 2.0)})
    made.put(factory.failed(made.run("b", 2)))
    found = marks(study_of(made, problems=("a", "b")))
    assert found["5 of 6 runs finished, 1 failed"] is False
    assert found["2 seeds of each model or more, too few to decide anything"] is False
    assert found["2 problems with records or data"] is False


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"dirty": True}, "uncommitted changes in 1 run"),
        ({"commit": None, "dirty": None}, "commit unknown of 1 run"),
        ({"commit": "1" * 40}, "code of 2 commits, nothing uncommitted"),
        ({"device": "A GPU"}, "2 kinds of hardware"),
    ],
)
def test_one_run_that_differs(change: dict[str, object], text: str) -> None:
    made = filled()
    made.put(factory.finished(made.run("a", 0), 1.0, **change))  # type: ignore[arg-type]
    assert marks(study_of(made))[text] is False


@pytest.mark.parametrize(
    ("select", "text", "good"),
    [
        ("validation-error", "best of 2 learning rates on held-out images", True),
        ("test-error", "best of 2 learning rates on the test images", False),
    ],
)
def test_how_the_learning_rate_was_chosen(select: str, text: str, good: bool) -> None:
    made = filled(rates=(0.01, 0.02), errors={}, select=select)
    made.finish("a", (1.0, 2.0, 3.0), lr=0.01)
    assert marks(study_of(made))[text] is good
