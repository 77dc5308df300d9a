"""Stand-ins for faulty values that no cross-field check looks at, so that one of them hides no other fault.

A claim with a bad ``alpha`` is still about two models, and whether these exist can be said at once.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import Any

from pkbench.spec.positions import Loc

_STAND_INS: dict[tuple[str, ...], object] = {
    ("experiment", "title"): "?",
    ("experiment", "paper"): "?",
    ("data", "normalize"): "none",
    ("data", "split_seed"): 0,
    ("model", "depth"): 1,
    ("model", "bias"): True,
    ("model", "init"): "normal",
    ("reported", "mean"): 0.0,
    ("reported", "place"): "?",
    ("claim", "statement"): "?",
    ("claim", "place"): "?",
    ("claim", "alpha"): 0.05,
    ("claim", "margin"): 1.0,
    ("train", "label_smoothing"): 0.0,
    ("train", "precision"): "fp32",
    ("train", "cpu_threads"): 1,
    ("train", "eval_every"): 1,
    ("train", "drop_last"): False,
    ("train", "optimizer", "weight_decay"): 0.0,
    ("train", "optimizer", "eps"): 1e-8,
    ("train", "optimizer", "betas"): [0.9, 0.999],
}
"""Path of a value, indices left out, to a valid one."""


def with_stand_ins(data: dict[str, Any], locs: Iterable[Loc]) -> dict[str, Any]:
    """A copy of ``data`` with the faulty or missing values at ``locs`` replaced, where there is a stand-in for them."""
    mended: dict[str, Any] = _copied(data)
    for loc in locs:
        _replace(mended, loc)
    return mended


def _copied(value: Any) -> Any:
    """A copy of nested tables and arrays, whose nesting the scanner has bounded; much faster than the library's."""
    if isinstance(value, dict):
        return {key: _copied(item) for key, item in value.items()}
    return [_copied(item) for item in value] if isinstance(value, list) else value


def _replace(data: dict[str, Any], loc: Loc) -> None:
    """Replace the value at ``loc``, which may name the kinds of unions besides keys and indices."""
    table: Any = data
    path: tuple[str, ...] = ()
    for part in loc:
        if isinstance(table, list) and isinstance(part, int) and part < len(table):
            table = table[part]
        elif isinstance(table, dict) and isinstance(part, str):
            stand_in = _STAND_INS.get((*path, part))
            if stand_in is not None:
                table[part] = copy.copy(stand_in)
                return
            if part in table:
                path = (*path, part)
                table = table[part]
