import pytest
import torch

from pkbench.errors import UsageError
from pkbench.models.build import build
from pkbench.native import library as module
from pkbench.native.library import UnavailableError
from pkbench.plan.run import Run
from pkbench.train.engines.base import Engine
from pkbench.train.engines.choose import make_engine
from tests.small import ON_CPU, small_runs

CPU = torch.device("cpu")


def run() -> Run:
    return small_runs()[0]


def made(wanted: str, run: Run) -> Engine:
    return make_engine(wanted, run, build(run.model, run.shape, run.seed), CPU)


@pytest.fixture
def without_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    def library() -> None:
        raise UnavailableError("no C compiler here")

    monkeypatch.setattr("pkbench.train.engines.native.library", library)


def test_the_native_engine_comes_first_where_it_is_to_be_had() -> None:
    try:
        module.library()
    except UnavailableError:
        pytest.skip("no native engine here")
    assert made("auto", run()).name == "native"
    for name in ON_CPU:
        assert made(name, run()).name == name


def test_without_a_compiler_nothing_is_said(without_compiler: None) -> None:
    assert made("auto", run()).name == "reference"


def test_what_is_wanted_and_not_here_is_an_error(without_compiler: None) -> None:
    with pytest.raises(UsageError, match=r"engine native cannot compute narrow .* no C compiler here"):
        made("native", run())


def test_recipes_it_does_not_know_are_for_the_reference() -> None:
    assert made("auto", small_runs(stochastic_depth=0.1)[0]).name == "reference"
