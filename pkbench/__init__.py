"""pkbench: reproduce *Understanding MLP-Mixer as a Wide and Sparse MLP* (ICML 2024, arXiv 2306.01470)."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pkbench.api import evaluate_spec, load_spec, plan_spec, read_results, run_spec

__all__ = ["evaluate_spec", "load_spec", "plan_spec", "read_results", "run_spec"]
__version__ = "0.1.0"

if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        """The function ``name`` of :mod:`pkbench.api`, imported when it is first asked for: it needs a while."""
        if name not in __all__:
            raise AttributeError(f"module 'pkbench' has no attribute {name!r}")
        from pkbench import api

        return getattr(api, name)

    def __dir__() -> list[str]:
        """What there is, functions not yet imported included."""
        return sorted({*globals(), *__all__})
