import pytest
import torch

from pkbench.bench import ceilings
from pkbench.bench.ceilings import bf16_refusal, measure_rates
from pkbench.bench.roofline import Gemm
from tests.bench.small import MIXER, SPARSE, rate


@pytest.fixture(autouse=True)
def small_amounts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ceilings, "REFERENCES", {"cpu": Gemm(16, 16, 16)})
    monkeypatch.setattr(ceilings, "COPY_BYTES", 4096)


def names(rates) -> set[tuple[str, str]]:  # type: ignore[no-untyped-def]
    return {(rate.what, rate.precision) for rate in rates}


@pytest.mark.parametrize("fast", [True, False])
def test_own_products_in_the_precisions_that_can_pay(monkeypatch: pytest.MonkeyPatch, fast: bool) -> None:
    monkeypatch.setattr(ceilings, "bf16_refusal", lambda _: None if fast else "slow")
    rates = measure_rates(MIXER.shape(), 8, torch.device("cpu"), seconds=0.001)
    reference = {("gemm 16x16x16", "fp32"), ("gemm 16x16x16", "bf16"), ("copy", "fp32")}
    own = ("gemm 48x4x10", "gemm 48x10x4", "gemm 32x6x15", "gemm 32x15x6")
    precisions = ("fp32", "bf16") if fast else ("fp32",)
    assert names(rates) == reference | {(name, precision) for name in own for precision in precisions}
    for found in rates:
        assert found.unit == ("B/s" if found.what == "copy" else "FLOP/s")
        assert 0 < found.per_second.lower <= found.per_second.median <= found.per_second.upper


def test_a_sparse_model_has_no_products_of_its_own() -> None:
    rates = measure_rates(SPARSE.shape(), 8, torch.device("cpu"), seconds=0.001)
    assert names(rates) == {("gemm 16x16x16", "fp32"), ("gemm 16x16x16", "bf16"), ("copy", "fp32")}


def test_bf16_is_refused_unless_it_is_faster() -> None:
    def refusal(fp32: float, bf16: float) -> str | None:
        return bf16_refusal([rate("gemm 16x16x16", fp32), rate("gemm 16x16x16", bf16, "bf16")])

    assert refusal(2e9, 3e9) is None
    assert refusal(2e9, 2e9) is not None
    assert refusal(2e9, 1e9) == "bf16 GEMM is no faster here: 1 against 2 GFLOP/s in fp32"


def test_tf32_has_rates_where_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ceilings, "has_tf32", lambda _: True)
    monkeypatch.setattr(ceilings, "bf16_refusal", lambda _: "slow")
    rates = measure_rates(MIXER.shape(), 8, torch.device("cpu"), seconds=0.001)
    own = ("gemm 48x4x10", "gemm 48x10x4", "gemm 32x6x15", "gemm 32x15x6")
    assert names(rates) == {("gemm 16x16x16", "bf16"), ("copy", "fp32")} | {
        (name, precision) for name in ("gemm 16x16x16", *own) for precision in ("fp32", "tf32")
    }


def test_a_sample_is_many_short_actions_in_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    rows: list[int] = []

    def seconds(_action: object, count: int, _device: torch.device) -> float:
        rows.append(count)
        return 0.002 * count

    monkeypatch.setattr(ceilings, "_seconds", seconds)
    found = ceilings._per_second(lambda: None, 6.0, torch.device("cpu"), 0.0)
    assert rows == [1, 5, 5, 5]
    assert (found.lower, found.median, found.upper) == (3000.0, 3000.0, 3000.0)


def test_a_long_action_is_a_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ceilings, "_seconds", lambda _action, count, _device: 0.5 * count)
    assert ceilings._per_second(lambda: None, 6.0, torch.device("cpu"), 0.0).median == 12.0
