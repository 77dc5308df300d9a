"""What stands in the way of a decision whatever the numbers say, and what a reader must know of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pkbench.claims.groups import Group
from pkbench.claims.power import FEWEST
from pkbench.claims.samples import Sample
from pkbench.claims.statistics import deviation


def connections_gap(a: int, b: int) -> float:
    """Difference of two counts relative to the smaller: the same seen from either side, and the stricter of the two."""
    return abs(a - b) / min(a, b)


def groups_of(*samples: Sample) -> list[Group]:
    """The groups of runs behind ``samples``, each once."""
    found = {(group.model.id, group.data_id): group for sample in samples for group in sample.trained}
    return list(found.values())


def seeds_of_all(samples: Sequence[Sample]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Seeds planned for all of ``samples``, and those of them that every one has a value of."""
    first, *others = samples
    planned = tuple(seed for seed in first.planned if all(seed in sample.planned for sample in others))
    return planned, tuple(seed for seed in planned if all(seed in sample.values for sample in samples))


def choice_obstacles(groups: Iterable[Group]) -> list[str]:
    """Why a learning rate could not be chosen."""
    return [f"{group.model.id}: {group.selection.reason}" for group in groups if group.selection.reason]


def count_obstacles(n: int, planned: int, one: str, many: str) -> list[str]:
    """Why ``n`` of ``planned`` seeds cannot decide; nothing where they can."""
    obstacles = []
    if n < planned:
        obstacles.append(
            f"{planned - n} of {planned} {one if planned == 1 else many} {'is' if planned - n == 1 else 'are'} missing"
        )
    if n < FEWEST:
        obstacles.append(f"{n} {one if n == 1 else many} cannot decide: at least {FEWEST - n} more are needed")
    return obstacles


def sample_obstacles(sample: Sample) -> tuple[str, ...]:
    """What stands in the way of a test of one sample's values."""
    values = list(sample.values.values())
    obstacles = [
        *choice_obstacles(sample.trained),
        *count_obstacles(len(values), len(sample.planned), "run", "runs"),
    ]
    if len(values) >= FEWEST and deviation(values) == 0.0:
        obstacles.append("the error is the same for every seed, so there is no spread to test against")
    return tuple(obstacles)


def group_notes(groups: Iterable[Group]) -> list[str]:
    """What a reader must know of how the numbers of ``groups`` came about."""
    return [note for group in groups for note in _notes(group)]


def _notes(group: Group) -> list[str]:
    notes = list(group.failures)
    selection = group.selection
    if selection.criterion == "test-error" and selection.lr is not None:
        notes.append(
            f"{group.model.id}: the learning rate was chosen on the test images, as the spec asks; its errors are optimistic"
        )
    notes.extend(
        f"{group.model.id}: learning rate {candidate.lr:g} is out, training diverged for {len(candidate.diverged)} "
        f"of {len(group.planned)} seeds"
        for candidate in selection.candidates
        if candidate.diverged and selection.criterion is not None
    )
    return notes
