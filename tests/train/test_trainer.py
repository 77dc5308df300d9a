import math
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from pkbench.data.mixing import Mixed
from pkbench.errors import DataError
from pkbench.models.build import build
from pkbench.native import images as native
from pkbench.plan.run import Run
from pkbench.seeding import stream_seed
from pkbench.store.checkpoints import CheckpointInfo, Checkpoints
from pkbench.train.engines.native import NativeEngine
from pkbench.train.evaluate import evaluate
from pkbench.train.result import EpochResult
from pkbench.train.schedule import learning_rate
from pkbench.train.trainer import DivergedError, Trainer
from tests.small import small_data, small_runs, trained, without_validation

CPU = torch.device("cpu")
PLAIN = {"crop_padding": 0, "flip": False, "policy": "none"}
# The bias of a token mixing's last layer has no gradient but rounding (the next LayerNorm removes it), which
# AdamW with a tiny eps blows up to full steps: hence the large one.
ADAMW = {"kind": "adamw", "lr": [0.01], "weight_decay": 0.01, "betas": [0.9, 0.999], "eps": 1e-3}
SGD = {"kind": "sgd", "lr": [0.1], "weight_decay": 0.01, "momentum": 0.9, "nesterov": True}


class Stop(Exception):
    pass


def run_of(model: int = 0, seed: int = 0, **train: Any) -> Run:
    return next(run for run in small_runs(**train)[model::2] if run.seed == seed)


def results(trainer: Trainer, stop_after: int | None = None) -> list[EpochResult]:
    """Epochs' results; raises Stop once ``stop_after`` steps have been made."""
    steps = 0

    def on_step() -> None:
        nonlocal steps
        steps += 1
        if steps == stop_after:
            raise Stop

    return trained(trainer, on_step)


def numbers(result: EpochResult) -> tuple[float | None, ...]:
    return (
        result.epoch,
        result.lr,
        result.train_loss,
        result.train_error,
        result.validation_loss,
        result.validation_error,
        result.test_loss,
        result.test_error,
    )


def test_it_learns() -> None:
    last = results(Trainer(run_of(epochs=40, augment=PLAIN), small_data(200), CPU))[-1]
    assert last.train_error < 5
    assert last.test_error is not None
    assert last.test_error < 30


def test_an_engine_that_makes_inputs_is_left_to_and_its_time_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Weights are the same to the last bit where batches come made."""
    if not native.available():
        pytest.skip("no native library here")
    late = []

    def step(engine: NativeEngine, batch: Mixed, *others: Any) -> Any:
        late.append(batch.pictures is not None)
        outcome = compute(engine, batch, *others)
        batch.seconds += 1000
        return outcome

    compute = NativeEngine.step
    monkeypatch.setattr(NativeEngine, "step", step)
    found = []
    for makes_inputs in (True, False):
        monkeypatch.setattr(NativeEngine, "makes_inputs", makes_inputs)
        trainer = Trainer(run_of(epochs=2), small_data(), CPU, "native")
        assert all(2000 < epoch.data_seconds < 2010 for epoch in results(trainer))
        found.append(trainer.weights_sha256())
    assert late == [True] * 4 + [False] * 4
    assert found[0] == found[1]


@pytest.mark.parametrize("optimizer", [ADAMW, SGD])
def test_steps_equal_a_loop_written_out(optimizer: dict[str, Any]) -> None:
    run, data = run_of(augment=PLAIN, epochs=2, label_smoothing=0.1, optimizer=optimizer), small_data()
    trainer = Trainer(run, data, CPU)
    ours = results(trainer)

    model = build(run.model, run.shape, run.seed)
    if optimizer is SGD:
        plain: torch.optim.Optimizer = torch.optim.SGD(
            model.parameters(), lr=1, momentum=0.9, nesterov=True, weight_decay=0.01
        )
    else:
        plain = torch.optim.AdamW(model.parameters(), lr=1, weight_decay=0.01, eps=1e-3)
    step = 0
    for epoch in (1, 2):
        order = torch.randperm(40, generator=torch.Generator().manual_seed(stream_seed("order", 0, epoch)))
        losses = []
        for start in (0, 16):
            rows = order[start : start + 16]
            for group in plain.param_groups:
                group["lr"] = learning_rate(run.train.schedule, run.lr, step, 2, 2)
            x = ((data.train.images[rows].double() / 255 - 0.3) / 0.2).float()
            loss = torch.nn.functional.cross_entropy(model(x), data.train.labels[rows], label_smoothing=0.1)
            plain.zero_grad()
            loss.backward()
            plain.step()
            losses.append(loss.item())
            step += 1
        assert ours[epoch - 1].train_loss == pytest.approx(sum(losses) / 2, rel=1e-5)
    for a, b in zip(trainer.model.parameters(), model.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("stop_after", range(1, 11))
@pytest.mark.parametrize("model", [0, 1])
def test_resuming_at_any_step_and_in_an_evaluation_is_bit_for_bit(tmp_path: Any, stop_after: int, model: int) -> None:
    run, data = run_of(model), small_data()
    whole = Trainer(run, data, CPU)
    expected = results(whole)

    stopped = Trainer(run, data, CPU)
    steps = iter(range(1, 100))

    def on_step() -> None:
        if next(steps) == stop_after:
            raise Stop

    with pytest.raises(Stop):
        trained(stopped, on_step)
    checkpoints = Checkpoints(tmp_path, "a" * 16)
    info = CheckpointInfo(run_id="a" * 16, step=stop_after, sha256="", history=(), resumed_after=(), started=0.0)
    checkpoints.save(stopped.state(), info)

    resumed = Trainer(run, data, CPU)
    loaded, problems = checkpoints.load()
    assert loaded is not None
    assert not problems
    resumed.load_state(loaded.state)
    after = results(resumed)
    assert [numbers(r) for r in after] == [numbers(r) for r in expected][-len(after) :]
    assert resumed.weights_sha256() == whole.weights_sha256()


def test_same_run_twice_is_identical_and_another_seed_is_not() -> None:
    data = small_data()
    first, second, other = (Trainer(run_of(seed=seed), data, CPU) for seed in (0, 0, 1))
    torch.manual_seed(99)
    assert [numbers(r) for r in results(first)] == [numbers(r) for r in results(second)]
    assert first.weights_sha256() == second.weights_sha256()
    results(other)
    assert other.weights_sha256() != first.weights_sha256()


def test_evaluation_days_and_empty_validation() -> None:
    rows = results(Trainer(run_of(epochs=3, eval_every=2), without_validation(small_data()), CPU))
    assert [row.test_error is None for row in rows] == [True, False, False]
    assert all(row.validation_error is None for row in rows)


def test_evaluate_counts_by_hand() -> None:
    data = small_data()
    model = build(run_of().model, run_of().shape, 0)
    logits = model((data.test.images.float() / 255 - 0.3) / 0.2).double()
    wrong = sum(int(row.argmax() != label) for row, label in zip(logits, data.test.labels, strict=True))
    losses = [-(row[label] - row.logsumexp(0)).item() for row, label in zip(logits, data.test.labels, strict=True)]
    loss, error = evaluate(model, data, data.test)
    assert error == pytest.approx(100 * wrong / 20)
    assert loss == pytest.approx(sum(losses) / 20, rel=1e-6)


def test_evaluate_leaves_other_threads_asleep_and_their_number_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[str, int]] = []
    cross_entropy = functional.cross_entropy

    def loss_of(*args: Any, **named: Any) -> Tensor:
        seen.append(("loss", torch.get_num_threads()))
        return cross_entropy(*args, **named)

    def logits_of(inputs: Tensor) -> Tensor:
        seen.append(("logits", torch.get_num_threads()))
        return torch.zeros(len(inputs), data.classes)

    def fails(*args: Any, **named: Any) -> Tensor:
        raise ValueError("no loss")

    data = small_data()
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        monkeypatch.setattr(functional, "cross_entropy", loss_of)
        evaluate(logits_of, data, data.test)
        assert (seen, torch.get_num_threads()) == ([("logits", 2), ("loss", 1)], 2)
        monkeypatch.setattr(functional, "cross_entropy", fails)
        with pytest.raises(ValueError, match="no loss"):
            evaluate(logits_of, data, data.test)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_last_batch_kept_or_dropped() -> None:
    assert Trainer(run_of(drop_last=True), small_data(40), CPU).steps_per_epoch == 2
    kept = Trainer(run_of(drop_last=False, epochs=1), small_data(40), CPU)
    assert kept.steps_per_epoch == 3
    assert math.isfinite(results(kept)[0].train_loss)
    with pytest.raises(DataError, match="leaves no batch of 10"):
        Trainer(run_of(), small_data(10), CPU)


def test_divergence_is_said() -> None:
    diverging = run_of(optimizer=SGD | {"lr": [1e30], "weight_decay": 0.0})
    with pytest.raises(DivergedError, match="epoch 1"):
        results(Trainer(diverging, small_data(), CPU))


def test_bfloat16_learns_about_the_same() -> None:
    data = small_data(200)
    exact, rounded = (
        results(Trainer(run_of(epochs=10, augment=PLAIN, precision=p), data, CPU))[-1].train_loss
        for p in ("fp32", "bf16")
    )
    assert rounded == pytest.approx(exact, rel=0.1, abs=0.05)
