"""Runs with the whole ImageNet recipe: what a step is, resuming, and what is left alone."""

import math
from typing import Any

import pytest
import torch

from pkbench.data.augment import augment
from pkbench.data.erasing import erase
from pkbench.data.mixing import mix
from pkbench.models.build import build
from pkbench.plan.run import Run
from pkbench.seeding import stream_seed
from pkbench.spec.train import Linear
from pkbench.store.checkpoints import CheckpointInfo, Checkpoints
from pkbench.train.evaluate import evaluate
from pkbench.train.optimizer import clip_gradients
from pkbench.train.schedule import learning_rate
from pkbench.train.trainer import Trainer
from tests.small import small_data
from tests.train.test_trainer import CPU, PLAIN, SGD, Stop, numbers, results, run_of

AUGMENT = {
    "crop_padding": 1,
    "flip": True,
    "policy": "randaugment",
    "resized_crop": {"area": [0.3, 1.0], "ratio": [0.75, 1.25]},
    "randaugment": {"num_ops": 2, "probability": 0.5, "magnitude": 9, "magnitude_std": 0.5}
    | {"magnitude_max": 10, "increasing": True},
    "erasing": {"probability": 0.25, "area": [0.02, 0.33], "ratio": [0.3, 3.3], "fill": "normal"},
}
MIX = {"mixup_alpha": 0.8, "cutmix_alpha": 1.0, "switch_probability": 0.5, "probability": 1.0}
LINEAR = {"kind": "linear", "warmup_epochs": 1, "warmup_lr": 1e-6, "final_lr": 1e-5}
FULL: dict[str, Any] = {
    "augment": AUGMENT,
    "mix": MIX,
    "clip_norm": 1.0,
    "stochastic_depth": 0.2,
    "schedule": LINEAR,
    "label_smoothing": 0.1,
}


@pytest.mark.parametrize(
    "change",
    [
        {"mix": None},
        {"clip_norm": None},
        {"clip_norm": 0.01},
        {"stochastic_depth": None},
        {"stochastic_depth": 0.5},
        {"mix": MIX | {"mixup_alpha": 0.1, "switch_probability": 0.0}},
        {"augment": {key: value for key, value in AUGMENT.items() if key != "erasing"}},
        {"augment": {key: value for key, value in AUGMENT.items() if key != "resized_crop"}},
        {"augment": AUGMENT | {"policy": "none"}},
        {"schedule": LINEAR | {"kind": "cosine"}},
    ],
    ids=str,
)
def test_every_part_shapes_the_result(change: dict[str, Any]) -> None:
    data = small_data()
    whole, changed = Trainer(run_of(**FULL), data, CPU), Trainer(run_of(**FULL | change), data, CPU)
    for trainer in (whole, changed):
        results(trainer)
    assert whole.weights_sha256() != changed.weights_sha256()


@pytest.mark.parametrize("ahead", [0, 2])
@pytest.mark.parametrize("stop_after", [1, 2, 3, 5])
def test_resuming_at_any_step_is_bit_for_bit(tmp_path: Any, stop_after: int, ahead: int) -> None:
    """Batches that were made ahead and not used leave no trace."""
    run, data = run_of(1, **FULL), small_data()
    whole = Trainer(run, data, CPU)
    expected = results(whole)
    stopped = Trainer(run, data, CPU, ahead=ahead)
    with pytest.raises(Stop):
        results(stopped, stop_after)
    checkpoints = Checkpoints(tmp_path, "a" * 16)
    info = CheckpointInfo(run_id="a" * 16, step=stop_after, sha256="", history=(), resumed_after=(), started=0.0)
    checkpoints.save(stopped.state(), info)
    resumed = Trainer(run, data, CPU)
    loaded, problems = checkpoints.load()
    assert loaded is not None
    assert not problems
    resumed.load_state(loaded.state)
    after = results(resumed)
    assert [numbers(row) for row in after] == [numbers(row) for row in expected][-len(after) :]
    assert resumed.weights_sha256() == whole.weights_sha256()


def test_a_step_is_the_loop_written_out() -> None:
    """Two epochs of crops, RandAugment, erasing, mixing, stochastic depth, clipping and a line, from their streams."""
    run, data = run_of(**FULL | {"optimizer": SGD, "epochs": 2}), small_data()
    trainer = Trainer(run, data, CPU)
    ours = results(trainer)
    model = build(run.model, run.shape, run.seed)
    plain = torch.optim.SGD(model.parameters(), lr=1, momentum=0.9, nesterov=True, weight_decay=0.01)
    recipe = run.train
    assert recipe.augment.erasing is not None
    assert recipe.mix is not None
    for epoch in (1, 2):
        order = torch.randperm(40, generator=torch.Generator().manual_seed(stream_seed("order", 0, epoch)))
        source = torch.Generator().manual_seed(stream_seed("augmentation", 0, epoch))
        depth = torch.Generator().manual_seed(stream_seed("stochastic depth", 0, epoch))
        losses, wrong = [], 0
        for step, start in enumerate((0, 16)):
            rows = order[start : start + 16]
            images = augment(data.train.images[rows], recipe.augment, source, data.mean)
            x = (images.double() / 255 - 0.3) / 0.2
            x = erase(x.float(), recipe.augment.erasing, source)
            mixed = mix(x, data.train.labels[rows], recipe.mix, source)
            own, other = (torch.nn.functional.one_hot(labels, 10) for labels in (mixed.labels, mixed.partners))
            targets = mixed.share * own + (1 - mixed.share) * other
            keep = torch.tensor([1.0, 0.8])
            factors = (torch.rand((16, 2), generator=depth) < keep) / keep
            logits = model(mixed.inputs, factors)
            loss = torch.nn.functional.cross_entropy(logits, targets, label_smoothing=0.1)
            plain.zero_grad()
            loss.backward()
            norm = math.sqrt(
                sum(float(p.grad.double().square().sum()) for p in model.parameters() if p.grad is not None)
            )
            for parameter in model.parameters():
                assert parameter.grad is not None
                parameter.grad *= min(1.0, 1.0 / norm)
            for group in plain.param_groups:
                group["lr"] = learning_rate(recipe.schedule, run.lr, 2 * (epoch - 1) + step, 2, 2)
            plain.step()
            losses.append(loss.item())
            wrong += int((logits.argmax(1) != (mixed.labels if mixed.share >= 0.5 else mixed.partners)).sum())
        assert ours[epoch - 1].train_loss == pytest.approx(sum(losses) / 2, rel=1e-5)
        assert ours[epoch - 1].train_error == pytest.approx(100 * wrong / 32)
    for a, b in zip(trainer.model.parameters(), model.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-6)


def test_evaluation_drops_nothing() -> None:
    run, data = run_of(**FULL | {"stochastic_depth": 0.9}), small_data()
    trainer = Trainer(run, data, CPU)
    trainer.model.train()
    first, again = (evaluate(trainer.engine.logits, data, data.test) for _ in range(2))
    plain = build(run.model, run.shape, run.seed)
    assert first == again == evaluate(plain, data, data.test)


def test_what_is_off_draws_nothing() -> None:
    """A plain recipe's stream stands where crop and flip have left it, and there is no other."""
    run: Run = run_of()
    trainer = Trainer(run, small_data(), CPU)
    with pytest.raises(Stop):
        results(trainer, stop_after=1)
    state = trainer.state()
    source = torch.Generator().manual_seed(stream_seed("augmentation", 0, 1))
    torch.randint(3, (16, 2), generator=source)
    torch.randint(2, (16,), generator=source, dtype=torch.bool)
    assert torch.equal(state["augmentation"], source.get_state())
    assert "stochastic_depth" not in state


def test_long_gradients_are_scaled_together_and_short_ones_left() -> None:
    model = torch.nn.Linear(3, 2)
    model.weight.grad, model.bias.grad = torch.full((2, 3), 2.0), torch.full((2,), -1.0)
    before = model.weight.grad.clone()
    clip_gradients(model, 100.0)
    assert torch.equal(model.weight.grad, before)
    clip_gradients(model, 1.0)
    assert float(model.weight.grad.square().sum() + model.bias.grad.square().sum()) == pytest.approx(1, rel=1e-5)
    assert float(model.weight.grad[0, 0] / model.bias.grad[0]) == pytest.approx(-2)


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_it_learns_all_the_same(precision: str) -> None:
    mild: dict[str, Any] = {
        "augment": PLAIN,
        "mix": MIX,
        "clip_norm": 1.0,
        "stochastic_depth": 0.1,
        "precision": precision,
    }
    last = results(Trainer(run_of(epochs=60, **mild), small_data(200), CPU))[-1]
    assert last.test_error is not None
    assert last.test_error < 40


def test_a_line_without_warmup() -> None:
    schedule = Linear(kind="linear", warmup_epochs=0, warmup_lr=0.0, final_lr=0.02)
    rates = [learning_rate(schedule, 0.1, step, 2, 2) for step in range(4)]
    assert rates == pytest.approx([0.1, 0.08, 0.06, 0.04], rel=1e-12)


def test_a_line_after_a_warmup() -> None:
    """The official B/16: warm-up, then straight down to nothing."""
    schedule = Linear(kind="linear", warmup_epochs=1.5, warmup_lr=0.0, final_lr=0.0)
    rates = [learning_rate(schedule, 0.3, step, 2, 3) for step in range(6)]
    assert rates == pytest.approx([0.0, 0.1, 0.2, 0.3, 0.2, 0.1])
