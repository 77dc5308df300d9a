"""Moments of one flat vector of parameters, and the same as ``torch.optim`` keeps them: by parameter, in a state dict."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from pkbench.spec.train import AdamW, BetaLasso, Sgd

Rule = AdamW | Sgd
"""Rules that engines with flat parameters know."""


def names_of(rule: Rule) -> tuple[str, ...]:
    """What ``torch.optim`` calls the moments of ``rule``."""
    return ("exp_avg", "exp_avg_sq") if isinstance(rule, AdamW) else ("momentum_buffer",)


def known(rule: AdamW | Sgd | BetaLasso) -> Rule:
    """``rule``, if it is one of those.

    Raises:
        TypeError: it is not.
    """
    if not isinstance(rule, AdamW | Sgd):
        raise TypeError(f"no flat optimizer is called {rule.kind}")
    return rule


def to_state(model: nn.Module, rule: Rule, moments: Sequence[Tensor], steps: int) -> dict[str, Any]:
    """The state dict of the optimizer of ``model`` after ``steps`` steps; ``moments`` (parameters,) each, copied.

    ``model``'s parameters, in their order, are what the moments are of, one after another. Its groups name their parameters and
    no rates, which the recipe has.
    """
    # Written out: the first optimizer that torch makes imports its compiler, for seconds that SIGTERM may not leave.
    sizes = [parameter.numel() for parameter in model.parameters()]
    parts = [torch.split(moment, sizes) for moment in moments]
    entries: dict[int, dict[str, Tensor]] = {}
    for number, parameter in enumerate(model.parameters() if steps else ()):
        entries[number] = {
            name: part[number].view(parameter.shape).clone() for name, part in zip(names_of(rule), parts, strict=True)
        }
        if isinstance(rule, AdamW):
            entries[number]["step"] = torch.tensor(float(steps))
    return {"state": entries, "param_groups": [{"params": list(range(len(sizes)))}]}


def from_state(rule: Rule, state: dict[str, Any], moments: Sequence[Tensor]) -> int:
    """Fill ``moments`` from a state dict of ``torch.optim``; the number of steps made, 1 for any above 0 where it does not say."""
    entries = [state["state"][number] for number in sorted(state["state"])]
    if not entries:
        return 0
    for name, moment in zip(names_of(rule), moments, strict=True):
        moment.copy_(torch.cat([entry[name].flatten() for entry in entries]))
    return int(entries[0].get("step", 1))
