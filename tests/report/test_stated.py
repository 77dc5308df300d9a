"""What the paper states beside what is found: totals and numbers."""

from pkbench.report.stated import against_ours, stated_sizes
from tests.claims.factory import study
from tests.report.made import filled, study_of


def test_numbers_beside_ours_at_every_profile() -> None:
    studies = [study_of(filled()), study_of(filled("paper", errors={"a": (11.0, 12.0, 13.0)}))]
    found = against_ours(studies)
    assert [(entry.row, entry.data_id, entry.reported.mean) for entry in found] == [
        ("a", "cifar10", 12.07),
        ("b", "cifar10", 15.91),
        ("lasso", "cifar10", 14.81),
    ]
    ours = [[(profile, summary.mean) for profile, summary in entry.ours] for entry in found]
    assert ours == [[("paper", 12.0)], [], []], "digits are never set beside CIFAR's numbers"


def test_totals_are_recomputed_from_the_settings() -> None:
    stated = {"place": "Table 1", "connections": 27_000.0, "width": 64.0}
    sizes = stated_sizes(study(models={"a": {"stated": stated}, "b": {"C": 9}}).scaled.spec)
    assert [(size.model_id, size.what, size.recomputed, size.gap) for size in sizes] == [
        ("a", "connections", 29_952, "+10.9 %"),
        ("a", "width", 64, "+0.0 %"),
    ]
    assert stated_sizes(study().scaled.spec) == ()
