"""How two sides differ: settings, machines, numbers with tests, verdicts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from pkbench.claims.hardware import code, device
from pkbench.claims.statistics import TTest, holm, mean, paired, welch
from pkbench.plan.changes import changes
from pkbench.results.sides import Key, Side
from pkbench.store.record import Record

ALPHA: Final = 0.05
"""Of the tests, after Holm's correction over all of them; 1 minus the coverage of the intervals, which are not corrected."""

METRICS: Final = ("test_error", "validation_error", "train_error", "epoch_seconds")
"""Of the last epoch, in per cent; seconds are those of a mean epoch."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One metric of one group on both sides; ``effect`` is the second's mean minus the first's, in the metric's unit."""

    group: Key
    metric: str
    n_a: int
    """Seeds of the first side; ``n_b`` of the second. Of pairs, the means are over the seeds that both have."""
    n_b: int
    mean_a: float
    mean_b: float
    effect: float
    low: float | None
    high: float | None
    test: str
    """``paired`` by seed, ``Welch``, or why there is none."""
    p: float | None
    """Two-sided."""
    p_holm: float | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """Everything that differs."""

    a: str
    b: str
    settings: tuple[tuple[str, int], ...]
    """Each change of a configuration in words, with the number of pairs of runs it is in."""
    circumstances: tuple[tuple[str, str, str], ...]
    """What of machine, libraries and code differs, on the one side and on the other."""
    differences: tuple[Difference, ...]
    verdicts: tuple[tuple[str, str, str], ...]
    """Claims whose outcomes differ, with both; a claim that one side does not have is ``-`` there."""
    same_verdicts: int
    same_weights: int
    """Runs of one id whose final weights are the same, bit for bit."""
    other_weights: int
    """Runs of one id whose final weights differ."""
    only_a: tuple[str, ...]
    only_b: tuple[str, ...]


def compare(a: Side, b: Side) -> Comparison:
    """Hold ``a`` and ``b`` against each other, group by group and claim by claim."""
    shared = [key for key in a.groups if key in b.groups]
    by_id = {record.run_id: record for record in a.records}
    twins = [(by_id[record.run_id], record) for record in b.records if record.run_id in by_id]
    known = [(one, two) for one, two in twins if one.weights_sha256 and two.weights_sha256]
    same = sum(one.weights_sha256 == two.weights_sha256 for one, two in known)
    outcomes = [(key, a.verdicts.get(key, "-"), b.verdicts.get(key, "-")) for key in {**a.verdicts, **b.verdicts}]
    return Comparison(
        a=a.name,
        b=b.name,
        settings=_settings((a.groups[key], b.groups[key]) for key in shared),
        circumstances=_circumstances(a.records, b.records),
        differences=_corrected(
            [_difference(key, metric, a.groups[key], b.groups[key]) for key in shared for metric in METRICS]
        ),
        verdicts=tuple((name_of(key), one, two) for key, one, two in outcomes if one != two),
        same_verdicts=sum(one == two for _, one, two in outcomes),
        same_weights=same,
        other_weights=len(known) - same,
        only_a=tuple(name_of(key) for key in a.groups if key not in b.groups),
        only_b=tuple(name_of(key) for key in b.groups if key not in a.groups),
    )


def name_of(key: Key) -> str:
    """A group or claim in one line."""
    return " · ".join(key)


def _settings(groups: Iterable[tuple[Mapping[int, Record], Mapping[int, Record]]]) -> tuple[tuple[str, int], ...]:
    counted: Counter[str] = Counter()
    for of_a, of_b in groups:
        seeds = [seed for seed in of_a if seed in of_b]
        pairs = [(of_a[seed], of_b[seed]) for seed in seeds] or [(next(iter(of_a.values())), next(iter(of_b.values())))]
        counted.update(str(change) for one, two in pairs for change in changes(one.config, two.config))
    return tuple(sorted(counted.items(), key=lambda item: (-item[1], item[0])))


def _circumstances(a: Iterable[Record], b: Iterable[Record]) -> tuple[tuple[str, str, str], ...]:
    found = []
    of_a, of_b = _values(a), _values(b)
    for what, values in of_a.items():
        texts = ["; ".join(sorted(side)) for side in (values, of_b[what])]
        if texts[0] != texts[1]:
            found.append((what, *texts))
    return tuple((what, one, two) for what, one, two in found)


def _values(records: Iterable[Record]) -> dict[str, set[str]]:
    values: dict[str, set[str]] = {
        name: set()
        for name in (
            "code",
            "hardware",
            "cores",
            "threads",
            "Python",
            "PyTorch",
            "NumPy",
            "platform",
            "engine",
            "stack",
        )
    }
    for record in records:
        machine = record.environment
        for name, value in (
            ("code", code(record)),
            ("hardware", device(record)),
            ("cores", machine.cores),
            ("threads", machine.threads),
            ("Python", machine.python),
            ("PyTorch", machine.torch),
            ("NumPy", machine.numpy),
            ("platform", machine.platform),
            ("engine", record.engine or "not recorded"),
            ("stack", record.stacked or "alone"),
        ):
            values[name].add(str(value))
    return values


def _difference(key: Key, metric: str, of_a: Mapping[int, Record], of_b: Mapping[int, Record]) -> Difference | None:
    a, b = (_metric(group, metric) for group in (of_a, of_b))
    if not a or not b:
        return None
    seeds = [seed for seed in a if seed in b]
    test: TTest | None = None
    kind = "one seed on a side"
    sizes = (len(a), len(b))
    if len(seeds) > 1:
        # The means of what the difference is of: seeds of one side alone are in neither.
        a, b = ({seed: side[seed] for seed in seeds} for side in (a, b))
        kind, test = "paired", paired([b[seed] for seed in seeds], [a[seed] for seed in seeds], alpha=ALPHA)
    elif len(a) > 1 and len(b) > 1:
        kind, test = "Welch", welch(list(b.values()), list(a.values()), alpha=ALPHA)
    mean_a, mean_b = mean(list(a.values())), mean(list(b.values()))
    if test is None:
        return Difference(key, metric, *sizes, mean_a, mean_b, mean_b - mean_a, None, None, kind, None, None)
    if not test.possible:
        kind = "equal at every seed" if test.effect == 0 else f"{kind}, without spread"
    low, high = test.bounds or (None, None)
    p = test.p_two_sided if test.possible else None
    return Difference(key, metric, *sizes, mean_a, mean_b, test.effect, low, high, kind, p, None)


def _metric(group: Mapping[int, Record], metric: str) -> dict[int, float]:
    found: dict[int, float] = {}
    for seed, record in group.items():
        if record.status == "finished" and record.history:
            value = record.seconds / len(record.history) if metric == "epoch_seconds" else getattr(record.final, metric)
            if value is not None:
                found[seed] = float(value)
    return found


def _corrected(differences: Iterable[Difference | None]) -> tuple[Difference, ...]:
    """Those there are, with Holm's p values over all tests."""
    found = [one for one in differences if one is not None]
    adjusted = iter(holm([one.p for one in found if one.p is not None]))
    return tuple(one if one.p is None else replace(one, p_holm=next(adjusted)) for one in found)
