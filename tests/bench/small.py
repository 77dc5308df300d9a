"""Cases that take milliseconds, and benchmarks made up of numbers."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from pkbench.bench.cases import Case
from pkbench.bench.results import CaseResult, Floor, Made, Rate, Result, Row, Spread
from pkbench.bench.spread import spread

MIXER = Case("tiny", "mlp-mixer", 4, 6, 2, 8, (8, 8, 3), 4, gamma=2.5)
S_MIXER = replace(MIXER, name="tiny-s", kind="s-mixer", gamma=None)
SPARSE = replace(MIXER, name="tiny-sw", kind="sw-mlp", gamma=None, p=0.25)


def flat(value: float) -> Spread:
    return Spread(median=value, lower=value, upper=value)


def rate(what: str, value: float, precision: str = "fp32") -> Rate:
    return Rate(what=what, precision=precision, unit="B/s" if what == "copy" else "FLOP/s", per_second=flat(value))


RATES = (rate("gemm 1024x1024x1024", 1e9), rate("gemm 1024x1024x1024", 5e8, "bf16"), rate("copy", 1e8))


def made(**changes: Any) -> Made:
    values: dict[str, Any] = {
        "pkbench": "0",
        "torch": "2",
        "python": "3",
        "platform": "Linux",
        "processor": "a chip",
        "cores": 2,
        "device": "cpu",
        "threads": 1,
        "timm": None,
        "rounds": 5,
        "quick": False,
    }
    return Made(**(values | changes))


def row(variant: str, samples: tuple[float, ...] = (), **changes: Any) -> Row:
    values: dict[str, Any] = {
        "variant": variant,
        "owner": "ours" if variant.startswith("ours") else "peer",
        "mixing": "normal",
        "precision": "fp32",
        "compiled": False,
        "runs": 1,
        "normal": None,
        "samples": samples,
        "step": spread(samples) if samples else None,
    }
    return Row(**(values | changes))


def case_result(*rows: Row, name: str = "tiny", rates: tuple[Rate, ...] = RATES) -> CaseResult:
    floor = Floor(
        precision="fp32", flops=2e6, bytes=1e5, compute_seconds=0.002, own_gemm_seconds=None, memory_seconds=0.001
    )
    return CaseResult(case=name, S=4, C=6, depth=2, batch=8, parameters=100, rates=rates, floors=(floor,), rows=rows)


def result(*cases: CaseResult, **changes: Any) -> Result:
    return Result(made=made(**changes), cases=cases)


def compile_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Inductor's place is taken by a compiler that takes no time."""
    from torch._dynamo.backends import registry

    real = registry.lookup_backend

    def lookup(name: Any) -> Callable[..., Any]:
        return (lambda graph, _: graph.forward) if name == "inductor" else real(name)

    monkeypatch.setattr(registry, "lookup_backend", lookup)
