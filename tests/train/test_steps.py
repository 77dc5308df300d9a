"""A training as a generator of steps: what an engine raises is the training's own affair."""

from collections.abc import Callable
from typing import Any

import pytest
import torch

from pkbench.data.mixing import Mixed, unmixed
from pkbench.train.steps import Outcome, Step, Steps, compute_alone
from pkbench.train.trainer import Trainer
from tests.small import small_data, small_runs

CPU = torch.device("cpu")
BATCH = unmixed(torch.zeros(2, 1, 8, 8), torch.zeros(2, dtype=torch.int64))


class Counting:
    """An engine that only counts, and fails at the step it was told."""

    name = "counting"
    model = torch.nn.Identity()

    def __init__(self, fails_at: int | None) -> None:
        self.steps = 0
        self.fails_at = fails_at

    def step(self, batch: Mixed, lr: float, branch_scale: Any) -> Outcome:  # noqa: ARG002 - an engine gets them
        self.steps += 1
        if self.steps == self.fails_at:
            raise MemoryError("too small")
        return torch.tensor(float(self.steps)), torch.tensor(0)

    logits: Callable[[Any], Any]
    optimizer_state: Callable[[], Any]
    load_optimizer_state: Callable[[Any], None]


def training(engine: Counting, seen: list[object], count: int, *, catches: bool = True) -> Steps:
    try:
        for _ in range(count):
            loss, _ = yield Step(engine, BATCH, 0.1, None, 0)
            seen.append(loss.item())
    except MemoryError as error:
        seen.append(str(error))
        if not catches:
            raise


@pytest.mark.parametrize("count", [0, 1, 4])
def test_every_step_is_computed_once(count: int) -> None:
    engine, seen = Counting(None), list[object]()
    compute_alone(training(engine, seen, count))
    assert seen == [float(number + 1) for number in range(count)]
    assert engine.steps == count


def test_what_the_engine_raises_is_raised_in_the_training() -> None:
    engine, seen = Counting(3), list[object]()
    compute_alone(training(engine, seen, 9))
    assert seen == [1.0, 2.0, "too small"]
    with pytest.raises(MemoryError, match="too small"):
        compute_alone(training(Counting(1), seen, 9, catches=False))


@pytest.mark.parametrize(
    ("drop_last", "images", "places"), [(True, 40, [0, 0]), (False, 40, [0, 1, 2]), (False, 32, [0, 0])]
)
def test_places_count_where_the_last_batch_is_smaller(drop_last: bool, images: int, places: list[int]) -> None:
    run = small_runs(drop_last=drop_last, epochs=2)[0]
    trainer = Trainer(run, small_data(images), CPU)
    found: list[tuple[int, int]] = []
    steps = trainer.steps(lambda: None, lambda _: None)
    step = next(steps)
    while True:
        found.append((step.place, len(step.batch.labels)))
        try:
            step = steps.send(step.compute())
        except StopIteration:
            break
    assert [place for place, _ in found] == places * 2
    assert len({size for place, size in found if place == 0}) == 1
