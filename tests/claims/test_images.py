"""Where a difference ends to be one of whole images, to the last digit."""

from pkbench.claims.images import decides, is_visible, other_images_note, too_fine
from pkbench.claims.statistics import TTest
from pkbench.spec.claim import LessClaim
from tests.claims.factory import LESS

CLAIM = LessClaim.model_validate(LESS)


def clear(effect: float) -> TTest:
    return TTest(n=3, effect=effect, sd=1.0, df=2, bounds=(effect, effect), p_for=0.01, p_against=0.99)


def test_an_image_less_rounding_is_an_image() -> None:
    assert is_visible(0.25, 400)
    assert is_visible(-0.25, 400)
    assert is_visible(0.25 * (1 - 1e-10), 400)
    assert not is_visible(0.25 * (1 - 1e-9), 400)
    assert not is_visible(0.0, 400)


def test_the_size_of_an_image_is_said() -> None:
    # 100 / 409 = .2445.
    assert too_fine(clear(-0.1), CLAIM, 409) == (
        "the difference is smaller than one test image (409 images, 0.24 points each)",
    )


def test_at_the_bound_itself_other_images_are_no_matter() -> None:
    # Errors of 50 % and 50 % on 100 images: at most 100 sqrt(1 / 100) = 10 points, 1.96 of which are 19.6.
    assert other_images_note(clear(-19.6), CLAIM, [50.0], [50.0], 100) == ()
    (note,) = other_images_note(clear(-19.59), CLAIM, [50.0], [50.0], 100)
    assert "by up to 10.00 points" in note


def test_a_test_decides_on_either_side_and_at_alpha() -> None:
    found = clear(-1.0)
    assert decides(found, 0.01)
    assert not decides(found, 0.009)
    assert decides(TTest(n=3, effect=1.0, sd=1.0, df=2, bounds=None, p_for=0.99, p_against=0.01), 0.01)
