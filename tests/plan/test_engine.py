from dataclasses import replace
from typing import Any

import pytest

from pkbench.errors import UsageError
from pkbench.plan.engine import candidates, check_engine, check_parts, engine_for_parts, obstacle
from pkbench.plan.run import Run
from pkbench.spec.other_models import SFc
from tests.small import small_runs

BETA_LASSO = {
    "kind": "beta-lasso", "lr": [0.1], "l1_first": 0.0, "l1_rest": 0.0, "beta": 0.0, "applies_to": "all",
}  # fmt: skip


def run_of(**train: Any) -> Run:
    return small_runs(**train)[0]


def other_model() -> Run:
    return replace(run_of(), model=SFc.model_construct(kind="s-fc", id="wide"))


def test_a_mixer_on_a_cpu_may_be_computed_by_any() -> None:
    assert candidates("auto", run_of(), "cpu") == ("native", "reference")
    assert candidates("native", run_of(), "cpu") == ("native",)


def test_a_batch_that_leaves_threads_too_few_images_is_for_the_reference() -> None:
    few, enough = (run_of(batch_size=size, cpu_threads=2) for size in (15, 16))
    assert candidates("auto", few, "cpu") == ("reference",)
    assert candidates("native", few, "cpu") == ("native",)
    assert candidates("auto", enough, "cpu") == ("native", "reference")
    assert candidates("auto", few, "cuda")[0] == "fused"


def test_a_mixer_on_a_gpu_is_for_the_fused_engine() -> None:
    assert candidates("auto", run_of(precision="bf16"), "cpu") == ("native", "reference")
    assert candidates("auto", run_of(), "cuda") == ("fused", "batch-last", "reference")
    assert candidates("auto", other_model(), "cuda") == ("reference",)
    assert candidates("auto", run_of(), "mps") == ("reference",)
    assert "for CUDA GPUs" in (obstacle("fused", run_of(), "cpu") or "")


@pytest.mark.parametrize(
    ("run", "device", "said"),
    [
        (run_of(), "cuda", "for CPUs"),
        (run_of(optimizer=BETA_LASSO), "cpu", "no optimizer beta-lasso"),
        (run_of(stochastic_depth=0.1), "cpu", "no stochastic depth"),
        (other_model(), "cpu", "Mixers only, not a model of kind s-fc"),
    ],
)
def test_what_only_the_reference_takes(run: Run, device: str, said: str) -> None:
    assert said in str(obstacle("native", run, device))
    assert obstacle("reference", run, device) is None
    assert candidates("auto", run, device)[-1] == "reference"
    assert "native" not in candidates("auto", run, device)
    check_engine("auto", [run], device)
    with pytest.raises(UsageError, match="--engine native cannot compute"):
        check_engine("native", [run_of(), run], device)


def test_an_unknown_engine_is_named_with_the_choices() -> None:
    with pytest.raises(
        UsageError, match="--engine fast is no engine; auto or native or fused or batch-last or reference"
    ):
        check_engine("fast", [], "cpu")


def test_batches_in_parts_are_for_the_reference() -> None:
    assert [engine_for_parts(wanted, 4) for wanted in ("auto", "reference")] == ["reference"] * 2
    assert [engine_for_parts("native", parts) for parts in (1, None)] == ["native"] * 2, "auto divides only what can be"
    with pytest.raises(UsageError, match="--accumulate 4 with --engine native; only engine reference"):
        engine_for_parts("native", 4)


def test_a_model_that_normalises_over_a_batch_is_not_divided() -> None:
    for parts in (1, None):
        check_parts(parts, [other_model()])
    check_parts(4, [run_of()])
    with pytest.raises(UsageError, match=r"--accumulate 4 cannot compute .*s-fc normalises over a batch"):
        check_parts(4, [run_of(), other_model()])
