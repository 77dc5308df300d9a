"""A run's products have the precision of its recipe, whatever the process had before."""

import contextlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from pkbench.data.mixing import Mixed, unmixed
from pkbench.errors import UsageError
from pkbench.models.build import build
from pkbench.native.library import UnavailableError
from pkbench.plan.engine import candidates, check_precision
from pkbench.plan.run import Run
from pkbench.spec.train import Precision
from pkbench.train.engines import reference
from pkbench.train.engines.base import Engine
from pkbench.train.engines.batch_last import stack
from pkbench.train.engines.choose import make_engine
from pkbench.train.engines.precision import check_arithmetic, float32_products
from tests.small import small_data, small_runs
from tests.train.test_trainer import CPU, run_of

CUDA = torch.device("cuda")
needs_tf32 = pytest.mark.skipif(
    not torch.cuda.is_available() or torch.cuda.get_device_capability() < (8, 0), reason="needs a GPU with tf32"
)


def engine_of(name: str, run: Run, device: torch.device) -> Engine:
    return make_engine(name, run, build(run.model, run.shape, run.seed), device)


def batch_on(device: torch.device) -> Mixed:
    data = small_data()
    return unmixed(data.to_input(data.train.images[:16]).to(device), data.train.labels[:16].to(device))


@pytest.fixture(params=["none", "ieee", "tf32"])
def before(request: pytest.FixtureRequest) -> Iterator[str]:
    backend = torch.backends.cuda.matmul
    found, backend.fp32_precision = backend.fp32_precision, request.param
    yield request.param
    backend.fp32_precision = found


@pytest.mark.parametrize(("precision", "switch"), [("fp32", "ieee"), ("tf32", "tf32"), ("bf16", "ieee")])
def test_the_switch_is_the_recipes_and_then_as_it_was(precision: Precision, switch: str, before: str) -> None:
    backend = torch.backends.cuda.matmul
    with float32_products(precision, CUDA):
        assert backend.fp32_precision == switch
    assert backend.fp32_precision == before
    with contextlib.suppress(KeyError), float32_products(precision, CUDA):
        raise KeyError
    assert backend.fp32_precision == before
    with float32_products(precision, CPU):
        assert backend.fp32_precision == before


class Products(TorchDispatchMode):
    """Notes every product of matrices, and whether it was made inside."""

    def __init__(self) -> None:
        super().__init__()
        self.inside = False
        self.noted: list[bool] = []

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if function.overloadpacket.__name__ in ("mm", "addmm", "bmm", "baddbmm", "linear", "matmul"):
            self.noted.append(self.inside)
        return function(*args, **(kwargs or {}))

    @contextmanager
    def open(self, precision: str, device: torch.device) -> Iterator[None]:
        assert (precision, device) == ("fp32", CPU)
        self.inside = True
        yield
        self.inside = False


@pytest.mark.parametrize("engine", ["reference", "batch-last"])
def test_all_products_of_a_step_and_an_evaluation_are_made_inside(engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    products, made, batch = Products(), engine_of(engine, run_of(), CPU), batch_on(CPU)
    for module in (reference, stack):
        monkeypatch.setattr(module, "float32_products", products.open)
    with products:
        made.logits(batch.inputs)
        forward = len(products.noted)
        made.step(batch, 0.01, None)
    assert forward >= 6
    # A step has two more for each, in the backward pass, but for the gradient of the images.
    assert len(products.noted) == forward + 3 * forward - 1
    assert all(products.noted)


def test_tf32_is_for_gpus_that_have_it(monkeypatch: pytest.MonkeyPatch) -> None:
    check_arithmetic("fp32", CPU)
    check_arithmetic("bf16", CPU)
    with pytest.raises(UnavailableError, match="cpu has no tf32"):
        check_arithmetic("tf32", CPU)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda _: "Tesla V100")
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _: (7, 0))
    with pytest.raises(
        UnavailableError, match=r"Tesla V100 has no tf32, which is for CUDA GPUs from compute capability 8\.0"
    ):
        check_arithmetic("tf32", CUDA)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _: (8, 0))
    check_arithmetic("tf32", CUDA)


def test_elsewhere_it_is_refused_before_anything_is_computed() -> None:
    runs = small_runs(precision="tf32")
    assert candidates("auto", runs[0], "cpu") == ()
    assert candidates("auto", runs[0], "cuda") == ("fused", "batch-last", "reference")
    check_precision(runs, "cuda")
    for device in ("cpu", "mps"):
        with pytest.raises(UsageError, match=f"cannot be computed on {device}: precision tf32 is for CUDA GPUs"):
            check_precision(runs, device)


def test_it_is_another_run() -> None:
    ids = {run_of(precision=precision).run_id for precision in ("fp32", "tf32", "bf16")}
    assert len(ids) == 3


@needs_tf32
@pytest.mark.parametrize("engine", ["reference", "batch-last", "fused"])
def test_on_a_gpu_it_is_near_fp32_and_not_fp32(engine: str) -> None:
    found = {}
    for precision in ("fp32", "tf32"):
        made, batch = engine_of(engine, run_of(precision=precision), CUDA), batch_on(CUDA)
        found[precision] = [made.step(batch, 0.01, None)[0].item() for _ in range(20)]
    assert found["tf32"] != found["fp32"]
    assert found["tf32"] == pytest.approx(found["fp32"], rel=0.02)
