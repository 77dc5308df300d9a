"""A bad value that nothing else depends on hides no other fault of its table."""

from pathlib import Path

import pytest

from tests.spec.broken import edited, faults_in, places_of

BAD_TOKENS = ("S = 64", "S = ▶60")
"""S of a model whose first block keeps its 64 patches."""

CASES = {
    "claim": [('a = "mixer-ss-w-equal"', 'a = ▶"mixer-ss-x"'), ("alpha = 0.05", "alpha = ▶5")],
    "claim without a statement": [
        ("[[claim]]", "▶[[claim]]"),
        ('statement = "At equal connections', 'ignored = "At equal connections'),
        ('a = "mixer-ss-w-equal"', 'a = ▶"mixer-ss-x"'),
    ],
    "model": [("patch = 8", "patch = ▶7"), ("bias = true", 'bias = ▶"yes"')],
    "recipe": [("seeds = [0, 1, 2]", "seeds = [0, 1, ▶1]"), ("eps = 1e-8", "eps = ▶-1")],
    "data": [("validation_count = 5000", "validation_count = ▶50000"), ("split_seed = 0", "split_seed = ▶-1")],
    "experiment": [('title = "Wider', 'title = ▶""\n# "Wider'), BAD_TOKENS],
}


@pytest.mark.parametrize("edits", CASES.values(), ids=CASES.keys())
def test_both_faults_are_told(edits: list[tuple[str, str]], tmp_path: Path) -> None:
    broken = edited(*edits)
    assert set(broken.places) <= set(places_of(faults_in(tmp_path, broken.text)))


def test_a_stand_in_is_never_blamed(tmp_path: Path) -> None:
    broken = edited(
        ("alpha = 0.05", "alpha = ▶5"), ("bias = true", "bias = ▶1"), ("weight_decay = 0.01", "weight_decay = ▶-1")
    )
    assert places_of(faults_in(tmp_path, broken.text)) == tuple(sorted(broken.places))
