"""An optimizer's state as PyTorch has it, written out."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from pkbench.spec.train import AdamW, Sgd
from pkbench.train.engines.moments import from_state, to_state
from pkbench.train.optimizer import make_optimizer

from .cases import ADAMW, SGD, Case

CODE = """
import sys
import torch
from pkbench.train.engines.moments import to_state
from tests.train.engines.cases import ADAMW, Case
model = Case("layer").model()
size = sum(parameter.numel() for parameter in model.parameters())
to_state(model, ADAMW, [torch.zeros(size)] * 2, 3)
print("torch._dynamo" in sys.modules)
"""


def test_it_is_written_out_without_imports_that_take_seconds() -> None:
    """The first optimizer that PyTorch makes brings its compiler along: too late when a machine is about to be taken away."""
    done = subprocess.run(
        [sys.executable, "-c", CODE], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[3]
    )
    assert done.stdout == "False\n"


@pytest.mark.parametrize("rule", [ADAMW, SGD], ids=["adamw", "sgd"])
def test_moments_are_pytorchs_after_its_steps(rule: AdamW | Sgd) -> None:
    case = Case("layer")
    model = case.model()
    optimizer = make_optimizer(model, rule, 0.01)
    for _ in range(2):
        for parameter in model.parameters():
            parameter.grad = torch.randn_like(parameter)
        optimizer.step()
    theirs = optimizer.state_dict()
    size = sum(parameter.numel() for parameter in model.parameters())
    moments = [torch.zeros(size) for _ in range(2 if isinstance(rule, AdamW) else 1)]
    steps = from_state(rule, theirs, moments)
    ours = to_state(model, rule, moments, steps)
    assert ours["state"].keys() == theirs["state"].keys()
    for number, entry in ours["state"].items():
        assert entry.keys() == theirs["state"][number].keys()
        assert all(torch.equal(value, theirs["state"][number][name]) for name, value in entry.items())
    assert ours["param_groups"][0]["params"] == theirs["param_groups"][0]["params"]
