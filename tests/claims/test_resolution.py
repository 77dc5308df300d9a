"""How finely the test images can tell two models apart, and what other images would say."""

import pytest

from tests.claims.factory import LESS
from tests.claims.pairs import MARGIN, against_quoted, compared, only

IMAGE = 100 / 360


def images(*wrong: int) -> tuple[float, ...]:
    """Test errors in per cent of counts of 360 images."""
    return tuple(100 * count / 360 for count in wrong)


def test_less_than_a_test_image_decides_nothing() -> None:
    # Differences of -1, -1, -1, -1, 0 images: mean -0.8, sd 0.447, t = -4, p = 0.008.
    a, b = images(7, 8, 9, 8, 7), images(8, 9, 10, 9, 7)
    v = only(compared(a, b, images=360))
    assert (v.outcome, v.p_support) == ("inconclusive", pytest.approx(0.00807, abs=1e-5))
    assert v.effect == pytest.approx(-0.8 * IMAGE)
    assert v.sentence.endswith(
        "No decision: the difference is smaller than one test image (360 images, 0.28 points each)."
    )
    assert v.adjusted_support is None
    v = only(compared(b, a, images=360))
    assert v.outcome == "inconclusive"
    assert "smaller than one test image" in v.sentence


def test_a_whole_test_image_decides() -> None:
    # -1, -1, -1, -1, -1 has no spread; -1, -1, -1, -0, -2 has mean -1, sd 0.707, t = -3.16, p = 0.017.
    a, b = images(7, 8, 9, 7, 7), images(8, 9, 10, 7, 9)
    assert only(compared(a, b, images=360)).outcome == "supported"
    assert only(compared(b, a, images=360)).outcome == "contradicted"


def test_the_distance_from_the_margin_counts() -> None:
    # The differences above and a margin of 3 images: -0.8 + 3 = 2.2 images above the boundary.
    a, b = images(7, 8, 9, 8, 7), images(8, 9, 10, 9, 7)
    assert only(compared(a, b, images=360, claims=(LESS | {"margin": 3 * IMAGE},))).outcome == "contradicted"
    v = only(compared(a, b, images=360, claims=(LESS | {"margin": 1.5 * IMAGE},)))
    assert v.p_contradict is not None
    assert (v.outcome, v.p_contradict < 0.05) == ("inconclusive", True)
    assert (
        "the difference lies within one test image of the claimed margin (360 images, 0.28 points each)" in v.sentence
    )


def test_the_resolution_is_silent_where_nothing_would_be_decided() -> None:
    # -1, 1, 0: nothing to hold back, and the seeds needed are said.
    v = only(compared(images(7, 8, 9), images(8, 7, 9), images=360))
    assert "test image" not in v.sentence
    assert "seeds would be needed" in v.sentence


def test_the_resolution_is_the_data_sets() -> None:
    a, b = images(7, 8, 9, 8, 7), images(8, 9, 10, 9, 7)
    s = compared(a, b, images=10_000)
    assert only(s).outcome == "supported"
    s = compared(a, b, images=360)
    for run_id, record in s.records.items():
        s.records[run_id] = record.model_copy(update={"data": None})
    assert only(s).outcome == "supported"


def test_the_resolution_counts_against_quoted_rows_too() -> None:
    errors = images(7, 8, 7, 8, 8)  # mean 7.6 images, sd 0.548
    for number in ({"n": 100}, {"sd": 0.01, "n": 10}):
        near = against_quoted(errors, images=360, mean=8.4 * IMAGE, **number)
        assert near.p_support is not None
        assert (near.outcome, near.p_support < 0.05) == ("inconclusive", True)
        assert "smaller than one test image" in near.sentence
        assert against_quoted(errors, images=360, mean=8.7 * IMAGE, **number).outcome == "supported"


def test_where_p_is_exactly_alpha_the_resolution_counts() -> None:
    a, b = images(7, 8, 9, 8, 7), images(8, 9, 10, 9, 7)
    p = only(compared(a, b, images=360)).p_support
    v = only(compared(a, b, images=360, claims=(LESS | {"alpha": p},)))
    assert (v.outcome, v.adjusted_support) == ("inconclusive", None)


def test_other_test_images_could_undo_a_difference() -> None:
    # 2 % and 4 %: a standard error of at most sqrt(0.06 / N), and a warning where 2 points are below 1.96 of them:
    # N < 0.06 * (1.96 / 0.02)² = 576.24.
    warned, calm = (only(compared(images=n)) for n in (576, 577))
    assert warned.outcome == calm.outcome == "supported"
    assert calm.notes == ()
    assert warned.notes == (
        "the seeds speak about these 576 test images: for other images of the same kind the choice of images alone moves "
        "the difference by up to 1.02 points (standard error, upper bound), so it need not hold there",
    )
    # The distance from the margin counts: 1.9 of them.
    assert only(compared(images=577, claims=(LESS | {"margin": 0.1},))).notes != ()
    # Nothing is said where nothing is decided.
    assert only(compared(images=100, claims=(MARGIN,))).notes == ()
    # The same for quoted rows, 2 % and 5 %, 3 points: N < 0.07 * (1.96 / 0.03)² = 298.8.
    assert [len(against_quoted(images=n, n=10).notes) for n in (298, 299)] == [2, 1]
