import json
from pathlib import Path

import pytest

from pkbench.bench.compare import compare, verdict_of
from pkbench.bench.results import read, to_json
from pkbench.bench.spread import Ratio, ratio_of_medians, spread
from pkbench.errors import UsageError
from tests.bench.small import RATES, case_result, rate, result, row

STEADY = (1.00, 1.01, 0.99, 1.02, 0.98, 1.00, 1.01)


def scaled(factor: float) -> tuple[float, ...]:
    return tuple(factor * value for value in STEADY)


def only(old: tuple[float, ...], new: tuple[float, ...], tolerance: float = 0.15):  # type: ignore[no-untyped-def]
    found = compare(result(case_result(row("ours", old))), result(case_result(row("ours", new))), tolerance)
    (compared,) = found.rows
    assert found.fails == compared.fails
    return compared


def test_old_over_new_with_its_verdict() -> None:
    slower = only(STEADY, scaled(2.0))
    assert slower.ratio is not None
    assert slower.ratio.value == pytest.approx(0.5)
    assert (slower.verdict, slower.fails) == ("slower", True)
    faster = only(STEADY, scaled(0.5))
    assert faster.ratio is not None
    assert faster.ratio.value == pytest.approx(2.0)
    assert (faster.verdict, faster.fails) == ("faster", False)
    assert only(STEADY, STEADY).verdict == "within noise"


def test_slower_within_the_tolerance_does_not_fail() -> None:
    assert (only(STEADY, scaled(1.1)).verdict, only(STEADY, scaled(1.1)).fails) == ("slower", False)
    assert only(STEADY, scaled(1.1), tolerance=0.05).fails


def test_noise_hides_what_it_is_as_large_as() -> None:
    noisy = (1.0, 3.0, 0.4, 2.0, 0.6, 5.0, 0.5)
    compared = only(noisy, tuple(1.3 * value for value in noisy))
    assert (compared.verdict, compared.fails) == ("within noise", False)


def test_a_few_rounds_say_nothing() -> None:
    compared = only(STEADY[:4], scaled(9.0))
    assert compared.ratio is not None
    assert compared.ratio.low is None
    assert (compared.verdict, compared.fails) == ("too few rounds", False)


def test_rows_of_one_side_and_rows_without_numbers() -> None:
    old = result(case_result(row("ours", STEADY), row("gone", STEADY), row("broken", STEADY)))
    new = result(case_result(row("fresh", STEADY), row("ours", STEADY), row("broken", reason="no compiler")))
    found = {compared.variant: compared.verdict for compared in compare(old, new, 0.1).rows}
    assert found == {"fresh": "only new", "ours": "within noise", "broken": "no numbers", "gone": "only old"}
    assert list(found) == ["fresh", "ours", "broken", "gone"]


def test_rows_of_other_cases_are_not_mixed_up() -> None:
    old = result(case_result(row("ours", STEADY), name="a"), case_result(row("ours", scaled(3)), name="b"))
    new = result(case_result(row("ours", scaled(3)), name="b"), case_result(row("ours", scaled(3)), name="a"))
    assert [(c.case, c.verdict) for c in compare(old, new, 0.1).rows] == [("b", "within noise"), ("a", "slower")]


def test_the_machine_is_compared_too() -> None:
    new = result(case_result(row("ours", STEADY), rates=(rate("gemm 1024x1024x1024", 2e9), *RATES[1:])), threads=2)
    found = compare(result(case_result(row("ours", STEADY))), new, 0.1)
    assert found.machine == (
        ("tiny", "gemm 1024x1024x1024 fp32", 2.0),
        ("tiny", "gemm 1024x1024x1024 bf16", 1.0),
        ("tiny", "copy", 1.0),
    )
    assert found.differences == ("threads: 1 before, 2 now",)


def test_another_batch_is_another_circumstance() -> None:
    new = case_result(row("ours", STEADY)).model_copy(update={"batch": 512})
    (difference,) = compare(result(case_result(row("ours", STEADY))), result(new), 0.1).differences
    assert difference.startswith("batch of tiny: ")
    assert difference.endswith(" before, 512 now")


def test_verdicts_are_outside_the_interval_only() -> None:
    assert verdict_of(Ratio(1.1, 1.0, 1.2)) == "within noise"
    assert verdict_of(Ratio(1.1, 1.01, 1.2)) == "faster"
    assert verdict_of(Ratio(0.9, 0.8, 0.99)) == "slower"
    assert verdict_of(Ratio(0.9, 0.8, 1.0)) == "within noise"


def test_the_interval_holds_the_ratio_and_is_the_same_each_time() -> None:
    found = ratio_of_medians(STEADY, scaled(2.0))
    assert found == ratio_of_medians(STEADY, scaled(2.0))
    assert found.low is not None
    assert found.high is not None
    assert found.value == pytest.approx(0.5)
    assert 0.45 < found.low < 0.5 < found.high < 0.55


def test_the_interval_covers_as_often_as_it_says() -> None:
    """Two sides of the same law: about 5 % of intervals leave out 1, the bootstrap's of a median being conservative."""
    import numpy as np

    generator = np.random.default_rng(1)
    ratios = [ratio_of_medians(*generator.lognormal(0, 0.1, (2, 9)).tolist()) for _ in range(200)]
    missed = sum(verdict_of(found) != "within noise" for found in ratios)
    assert missed <= 20


def test_quartiles() -> None:
    found = spread([4.0, 1.0, 2.0, 3.0, 5.0])
    assert (found.lower, found.median, found.upper) == (2.0, 3.0, 4.0)


def test_a_result_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "old.json"
    whole = result(case_result(row("ours", STEADY), row("peer", reason="no")))
    path.write_text(to_json(whole))
    assert read(path) == whole


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("{", "Invalid JSON"),
        ("{}", "made: Field required"),
        (json.dumps({"format": 2, "made": {}, "cases": []}), "format: Input should be 1"),
    ],
)
def test_a_file_that_is_none_is_one_line(tmp_path: Path, content: str, says: str) -> None:
    path = tmp_path / "old.json"
    path.write_text(content)
    with pytest.raises(UsageError) as caught:
        read(path)
    assert str(path) in caught.value.message
    assert says in caught.value.message
    assert "\n" not in caught.value.message
    with pytest.raises(UsageError, match="cannot read"):
        read(tmp_path / "missing.json")
