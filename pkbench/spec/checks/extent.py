"""How much a spec may ask for at once: enough for any study, and little enough to be checked and planned in seconds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pkbench.errors import Fault
from pkbench.spec.model_parts import Sweep
from pkbench.spec.parts import Parts
from pkbench.spec.positions import Loc
from pkbench.spec.profile import Profile
from pkbench.spec.words import plural

MAX_RUNS = 20_000
"""Runs of a spec at one profile: more is a slip of the keyboard, and planning them would only fill the memory."""
MAX_MODELS = 1000
"""Single models of a spec at one profile, members of families counted."""
MAX_PAIRS = 10_000
"""Single models times data sets at one profile."""
MAX_COMPARISONS = 10_000
"""Single comparisons of a spec at one profile, those between members of families counted."""
_REMEDY = "take fewer, or split the spec"


def check_extent(parts: Parts) -> Iterator[Fault]:
    """Faults of specs that ask for far too much, found by multiplying: nothing is made to be counted."""
    own = {model.id: _length(model.sweep) for model in parts.model.values()}
    if sum(own.values()) > MAX_MODELS:
        what = f"the spec has {plural(sum(own.values()), 'single model')}, members of families counted"
        yield parts.fault(("model",), what, f"a spec has at most {MAX_MODELS:,}", _REMEDY)
    for name, profile in parts.profile.items():
        loc: Loc = ("profile", name)
        lengths = {
            key: _length(scale.sweep) if (scale := profile.model.get(key)) and scale.sweep else length
            for key, length in own.items()
        }
        models, data = sum(lengths.values()), len(profile.data)
        if models > MAX_MODELS:
            what = f"profile {name} has {plural(models, 'single model')}, members of families counted"
            yield parts.fault(loc, what, f"a profile has at most {MAX_MODELS:,}", _REMEDY)
        elif models * data > MAX_PAIRS:
            what = f"profile {name} has {plural(models, 'single model')} x {plural(data, 'data set')}"
            yield parts.fault(loc, what, f"a profile has at most {MAX_PAIRS:,} pairs of them", _REMEDY)
        compared = sum(max(lengths.get(one, 1) for one in (found.a, found.b)) for found in parts.compare.values())
        if compared > MAX_COMPARISONS:
            what = f"profile {name} has {plural(compared, 'single comparison')}, those between members counted"
            yield parts.fault(loc, what, f"a profile has at most {MAX_COMPARISONS:,}", _REMEDY)
        yield from _check_runs(parts, loc, profile, lengths)


def _length(sweep: Sweep | None) -> int:
    """Members that a family with ``sweep`` has at most."""
    return 1 if sweep is None else max((len(values) for values in sweep.axes.values()), default=1)


def _check_runs(parts: Parts, loc: Loc, profile: Profile, lengths: Mapping[str, int]) -> Iterator[Fault]:
    if parts.train is None:
        return
    scaled = profile.train.seeds if profile.train else None
    seeds, data = len(scaled or parts.train.seeds), len(profile.data)
    rates = sum(lengths[model.id] * _rates(parts, profile, model.recipe) for model in parts.model.values())
    runs = rates * seeds * data
    if runs > MAX_RUNS:
        what = (
            f"profile {loc[1]} has {plural(rates, 'learning rate')} of {plural(sum(lengths.values()), 'single model')}"
            f" x {plural(data, 'data set')} x {plural(seeds, 'seed')} = {runs:,} runs"
        )
        yield parts.fault(loc, what, f"a profile has at most {MAX_RUNS:,}", _REMEDY)


def _rates(parts: Parts, profile: Profile, recipe: str | None) -> int:
    """Learning rates tried for a model with ``recipe`` at ``profile``."""
    tables = (
        profile.recipe.get(recipe or ""),
        parts.recipe.get(recipe or ""),
        profile.train,
        parts.train,
    )
    found = (table.optimizer.lr for table in tables if table is not None and table.optimizer is not None)
    return next((len(rates) for rates in found if rates is not None), 1)
