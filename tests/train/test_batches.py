"""What a run trains on: the same whatever the model, batch for batch, and taken up again anywhere."""

import dataclasses
import gc
import threading
from typing import Any

import pytest
import torch
from torch import Tensor

from pkbench.data.augment import augment
from pkbench.data.dataset import Dataset, Part
from pkbench.data.mixing import Mixed
from pkbench.errors import DataError
from pkbench.native import images as native
from pkbench.seeding import stream_seed
from pkbench.spec.train import Augment
from pkbench.train import making
from pkbench.train.batches import BatchStream
from pkbench.train.making import BatchMaker, batches_at_once
from tests.small import small_data
from tests.train.test_recipe import FULL
from tests.train.test_trainer import CPU, run_of


def stream_of(model: int = 0, images: int = 40, ahead: int = 0, **train: object) -> BatchStream:
    return BatchStream(run_of(model, **train), small_data(images), CPU, ahead)


def same(one: Mixed, other: Mixed) -> bool:
    tensors = ("inputs", "labels", "partners")
    return one.share == other.share and all(torch.equal(getattr(one, name), getattr(other, name)) for name in tensors)


def epochs(stream: BatchStream, count: int) -> list[Mixed]:
    """The rest of the current epoch and all of the next ones, ``count`` in all."""
    batches = []
    for _ in range(count):
        batches += list(stream)
        stream.next_epoch()
    return batches


def test_a_plain_epoch_is_the_order_cut_into_batches() -> None:
    """Written out: the epoch's order, batches of 16, a crop and a flip from the epoch's stream."""
    stream, data = stream_of(drop_last=False), small_data()
    for epoch in (1, 2):
        order = torch.randperm(40, generator=torch.Generator().manual_seed(stream_seed("order", 0, epoch)))
        source = torch.Generator().manual_seed(stream_seed("augmentation", 0, epoch))
        batches = list(stream)
        assert [len(batch.labels) for batch in batches] == [16, 16, 8]
        for batch, rows in zip(batches, order.split(16), strict=True):
            images = augment(data.train.images[rows], stream.run.train.augment, source, data.mean)
            assert torch.equal(batch.inputs, data.to_input(images))
            assert torch.equal(batch.labels, data.train.labels[rows])
            assert batch.share == 1.0
        stream.next_epoch()


@pytest.mark.parametrize("train", [{}, FULL], ids=["plain", "full"])
def test_models_with_one_seed_see_the_same_batches(train: dict[str, object]) -> None:
    narrow, random = (epochs(stream_of(model, **train), 2) for model in (0, 1))
    assert len(narrow) == 4
    assert all(same(one, other) for one, other in zip(narrow, random, strict=True))
    first, second = stream_of(**train), stream_of(**train)
    second.next_epoch()
    assert not same(next(iter(first)), next(iter(second)))


@pytest.mark.parametrize("ahead", [0, 2])
@pytest.mark.parametrize("completed", [0, 1])
@pytest.mark.parametrize("taken", [0, 1, 2])
def test_it_goes_on_after_any_batch(completed: int, taken: int, ahead: int) -> None:
    expected = epochs(stream_of(**FULL), 3)
    stream = stream_of(**FULL, ahead=ahead)
    epochs(stream, completed)
    batches = iter(stream)
    for _ in range(taken):
        next(batches)
    again = stream_of(**FULL)
    again.load_state(stream.state() | {"model": "what else a checkpoint holds"})
    rest = epochs(again, 3 - completed)
    assert len(rest) == 6 - 2 * completed - taken
    assert all(same(one, other) for one, other in zip(rest, expected[-len(rest) :], strict=True))


@pytest.mark.parametrize("ahead", [1, 3])
def test_batches_made_ahead_are_the_same(ahead: int) -> None:
    expected, stream = epochs(stream_of(**FULL), 3), stream_of(**FULL, ahead=ahead)
    assert all(same(one, other) for one, other in zip(epochs(stream, 3), expected, strict=True))


def test_the_thread_that_makes_them_has_the_recipes_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    monkeypatch.setattr(torch, "set_num_threads", lambda count: calls.append((count, threading.current_thread().name)))
    epochs(stream_of(**FULL, ahead=1, cpu_threads=3), 2)
    assert calls == [(3, "pkbench-batches")]


def alive() -> int:
    return sum(thread.name == "pkbench-batches" for thread in threading.enumerate())


def test_no_epoch_waits_for_its_first_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are made while the last ones of the epoch before are used; after the last epoch nothing is."""
    made = []
    begun = threading.Condition()
    make = BatchMaker._batch

    def noted(self: BatchMaker, order: torch.Tensor, step: int, source: torch.Generator) -> Mixed:
        batch = make(self, order, step, source)
        with begun:
            made.append(step)
            begun.notify()
        return batch

    monkeypatch.setattr(BatchMaker, "_batch", noted)
    stream = stream_of(**FULL, ahead=1)
    assert stream.run.train.epochs == 3
    assert len(list(stream)) == 2
    with begun:
        assert begun.wait_for(lambda: made == [0, 1, 0, 1], timeout=60)
    stream.next_epoch()
    epochs(stream, 2)
    assert made == [0, 1] * 3


def test_closing_it_ends_the_thread_and_leaves_no_trace() -> None:
    expected, stream = epochs(stream_of(**FULL), 3), stream_of(**FULL, ahead=1)
    found = []
    while stream.epoch < 3:
        for batch in stream:
            found.append(batch)
            # With the last batch made the thread has ended by itself.
            assert alive() == 1 or len(found) >= len(expected) - 1
            stream.close()
            assert alive() == 0
        stream.next_epoch()
    assert len(found) == len(expected)
    assert all(same(one, other) for one, other in zip(found, expected, strict=True))


def test_dropping_it_ends_the_thread() -> None:
    stream = stream_of(**FULL, ahead=1)
    next(iter(stream))
    assert alive() == 1
    del stream
    gc.collect()
    assert alive() == 0


@pytest.mark.parametrize("together", [1, 2])
def test_what_another_queue_makes_is_complete_before_it_is_taken(
    together: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A GPU may still be at work on what a thread has asked it for; whoever takes a batch asks in a queue of its own."""
    done = []
    monkeypatch.setattr(making, "batches_at_once", lambda *_: together)
    monkeypatch.setattr(BatchMaker, "_finish", lambda _: done.append(threading.current_thread().name))
    for ahead, expected in ((0, []), (3, ["pkbench-batches"] * (4 // together))):
        stream = stream_of(images=64, epochs=1, ahead=ahead)
        for number, _ in enumerate(stream):
            assert len(done) >= (number // together + 1 if ahead else 0)
        stream.close()
        assert done == expected


def test_an_epoch_that_is_left_early_is_left_whole() -> None:
    stream, other = stream_of(**FULL, ahead=1), stream_of(**FULL)
    next(iter(stream))
    for left in (stream, other):
        left.next_epoch()
    assert same(next(iter(stream)), next(iter(other)))
    stream.close()


def test_waiting_is_counted_by_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every look at the clock is 1 s after the last: 1 s for each batch."""
    clock = iter(range(100))
    monkeypatch.setattr("pkbench.train.batches.time.perf_counter", lambda: float(next(clock)))
    stream = stream_of()
    batches = iter(stream)
    next(batches)
    resumed = stream_of()
    resumed.load_state(stream.state())
    assert (stream.seconds, resumed.seconds) == (1.0, 1.0)
    assert not list(batches)[1:]
    assert len(list(resumed)) == 1
    assert (stream.seconds, resumed.seconds) == (2.0, 2.0)
    stream.next_epoch()
    assert stream.seconds == 0.0
    before = stream.state()
    del before["data_seconds"]
    resumed.load_state(before)
    assert (resumed.epoch, resumed.seconds) == (1, 0.0)


def test_the_last_batch_is_kept_or_dropped() -> None:
    dropped, kept = stream_of(), stream_of(drop_last=False)
    assert (dropped.steps_per_epoch, dropped.images_per_epoch) == (2, 32)
    assert (kept.steps_per_epoch, kept.images_per_epoch) == (3, 40)
    assert (stream_of(images=32).images_per_epoch, stream_of(images=10, drop_last=False).images_per_epoch) == (32, 10)


def test_no_full_batch_is_an_error() -> None:
    with pytest.raises(DataError, match="leaves no batch of 10"):
        stream_of(images=10)


def test_batches_leave_the_data_as_it_is() -> None:
    run, data = run_of(**FULL), small_data()
    before = dataclasses.replace(data.train, images=data.train.images.clone(), labels=data.train.labels.clone())
    epochs(BatchStream(run, data, CPU), 2)
    assert torch.equal(data.train.images, before.images)
    assert torch.equal(data.train.labels, before.labels)


@pytest.mark.parametrize(("available", "exact", "passes"), [(True, True, 6), (False, True, 0), (True, False, 0)])
def test_batches_are_the_same_with_and_without_the_c_part(
    available: bool, exact: bool, passes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    if available and not native.available():
        pytest.skip("no native library here")
    policy = Augment(crop_padding=2, flip=True, policy="autoaugment-cifar10").model_dump()
    expected = epochs(stream_of(images=60, augment=policy), 2)
    in_one_pass: list[int] = []

    def pictures(data: Dataset, chosen: Tensor, **changes: Any) -> native.Pictures:
        in_one_pass.append(len(chosen))
        return whole(data, chosen, **changes)

    whole = Dataset.pictures
    monkeypatch.setattr(Dataset, "pictures", pictures)
    monkeypatch.setattr(native, "available", lambda: available)
    monkeypatch.setattr(native, "changes_exactly", lambda _: exact)
    found = epochs(stream_of(images=60, augment=policy), 2)
    assert all(same(one, other) for one, other in zip(found, expected, strict=True))
    assert len(in_one_pass) == passes


@pytest.mark.parametrize("ahead", [0, 3])
def test_batches_made_together_are_those_made_one_by_one(ahead: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a GPU, two at a time, and taken up again in the middle of a pair."""
    policy = Augment(crop_padding=2, flip=True, policy="autoaugment-cifar10")
    expected = epochs(stream_of(images=100, augment=policy.model_dump()), 2)
    monkeypatch.setattr(making, "batches_at_once", lambda *_: 2)
    stream = stream_of(images=100, augment=policy.model_dump(), ahead=ahead)
    taken = iter(stream)
    first = [next(taken) for _ in range(3)]
    resumed = stream_of(images=100, augment=policy.model_dump(), ahead=ahead)
    resumed.load_state(stream.state())
    taken.close()
    found = first + epochs(resumed, 2)
    assert len(found) == len(expected)
    assert all(same(one, other) for one, other in zip(found, expected, strict=True))


@pytest.mark.skipif(not native.available(), reason="no native library here")
@pytest.mark.parametrize("policy", ["none", "autoaugment-cifar10"])
def test_batches_to_be_made_late_are_the_same(policy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Their numbers are drawn two batches at a time, and they are taken up again in the middle of a pair."""
    monkeypatch.setattr(making, "DRAWN_AT_ONCE", 2)
    recipe = {"augment": {"crop_padding": 2, "flip": True, "policy": policy}, "drop_last": False}
    run, data = run_of(**recipe), small_data(70)
    expected = epochs(BatchStream(run, data, CPU), 2)
    stream = BatchStream(run, data, CPU, late=True)
    taken = iter(stream)
    first = [next(taken) for _ in range(3)]
    resumed = BatchStream(run, data, CPU, late=True)
    resumed.load_state(stream.state())
    found = first + epochs(resumed, 2)
    assert all(batch.pictures is not None for batch in found)
    assert len(found) == len(expected)
    assert all(same(one, other) for one, other in zip(found, expected, strict=True))
    # They have been looked at, and so been made: once.
    assert all(batch.pictures is None and batch.inputs is batch.inputs and batch.seconds > 0 for batch in found)


@pytest.mark.parametrize(
    ("train", "ahead"), [({}, 1), (FULL, 0), ({"augment": FULL["augment"]}, 0), ({"mix": FULL["mix"]}, 0)]
)
def test_what_is_not_made_late(train: dict[str, object], ahead: int) -> None:
    """Batches made ahead, and what changes inputs once they are made."""
    stream, other = (BatchStream(run_of(**train), small_data(), CPU, ahead, late=late) for late in (True, False))
    for one, same_one in zip(epochs(stream, 2), epochs(other, 2), strict=True):
        assert one.pictures is None
        assert same(one, same_one)
        assert one.seconds == 0


@pytest.mark.parametrize(
    ("train", "device", "count"),
    [
        ({}, "cpu", 1),
        ({}, "cuda", 2**27 // (4 * 16 * 64)),
        ({"batch_size": 600_000}, "cuda", 1),
        (FULL, "cuda", 1),
    ],
)
def test_how_many_are_made_together(train: dict[str, object], device: str, count: int) -> None:
    assert batches_at_once(run_of(0, **train), device) == count


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize(
    "train", [FULL, {"augment": {"crop_padding": 2, "flip": True, "policy": "autoaugment-cifar10"}}]
)
def test_on_a_gpu_batches_made_beside_are_those_made_when_asked_for(train: dict[str, object]) -> None:
    """They are read at once, in another queue than the one they are made in."""
    data = small_data(4000)
    there = dataclasses.replace(data, train=Part(data.train.images.cuda(), data.train.labels.cuda()))
    streams = [
        BatchStream(run_of(**(train | {"batch_size": 500, "epochs": 2})), there, torch.device("cuda"), ahead)
        for ahead in (0, 2)
    ]
    expected, found = ([batch.inputs.double().sum() for batch in epochs(stream, 2)] for stream in streams)
    assert torch.equal(torch.stack(found), torch.stack(expected))
