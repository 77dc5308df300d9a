"""Claims and draws for the tests of the checks."""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter

from pkbench.probes.identities.draw import Draw
from pkbench.spec.theory import TheoryClaim

_ADAPTER: TypeAdapter[Any] = TypeAdapter(TheoryClaim)


def claim(kind: str, **fields: Any) -> Any:
    """A claim with that kind's usual fields, changed by ``fields``."""
    usual: dict[str, dict[str, Any]] = {
        "identity": {"largest": 6, "draws": 40},
        "bound": {"largest": 6, "draws": 200},
        "optimum": {"omega": (1e4, 1e9), "gamma": (0.5, 8.0), "draws": 20},
        "uniform": {"size": 5, "draws": 4000},
        "spectrum": {"gamma": 2.0, "m": 256, "p": 0.0625, "draws": 2},
        "growth": {"gamma": 1.0, "omega": 2.0**14, "m": (128, 256, 512), "draws": 2},
    }
    common = {"id": "x", "statement": "s", "place": "p", "tolerance": 1e-10, "seed": 3}
    return _ADAPTER.validate_python({"kind": kind} | common | usual[kind] | fields)


class Sized(Draw):
    """A draw whose sizes are given; all else is random."""

    def __init__(self, seed: int, sizes: list[int]) -> None:
        super().__init__(seed, max(sizes))
        self.sizes = iter(sizes)

    def size(self) -> int:
        return next(self.sizes)
