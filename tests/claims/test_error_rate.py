"""How often nothing is called something: studies in which every model is equally good, fixed seed."""

import numpy as np
import pytest

from pkbench.claims.statistics import holm, paired


@pytest.mark.parametrize("claims", [1, 4])
def test_false_support_of_any_claim_is_as_rare_as_promised(claims: int) -> None:
    random = np.random.default_rng(2026)
    studies, seeds, alpha = 1500, 5, 0.05
    wrong = 0
    for _ in range(studies):
        # A common part for each seed, as in pairs that share data order, and test errors that are counts of 360 images.
        common = random.normal(0, 0.5, size=seeds)
        errors = np.round((5 + common + random.normal(0, 0.7, size=(claims + 1, seeds))) * 3.6) / 3.6
        p_values = [paired(list(errors[k + 1]), list(errors[0]), alpha=alpha).p_for for k in range(claims)]
        wrong += min(holm(p_values)) <= alpha
    # Three standard errors of a 5 % share of 1500 are 1.7 %.
    assert wrong / studies <= alpha + 0.017
    # It is a test at about its level, not one that never rejects.
    assert wrong / studies >= 0.02


def test_real_differences_are_found() -> None:
    random = np.random.default_rng(2026)
    found = 0
    for _ in range(500):
        differences = random.normal(-1.5, 1.0, size=5)
        found += paired(list(differences), [0.0] * 5, alpha=0.05).p_for <= 0.05
    # Five pairs show 1.36 deviations with 80 % chance, so 1.5 with a little more.
    assert 0.8 <= found / 500 <= 0.93
